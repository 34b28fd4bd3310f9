"""A training with TRL from rows to candidate: everything around TRL's own trainer, which a trainer's file makes.

planned -> made before? -> workshop -> TRL's trainer -> looked at -> trained -> looked at again -> written -> registered
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

from fteval.engines.local.batches import out_of_memory
from fteval.engines.local.chat import Chat
from fteval.errors import Incomplete, Interrupted, UserError
from fteval.records import Candidate, Ranks
from fteval.runs.asking.interrupt import Signals, Stop
from fteval.trainers.making import candidate as registered
from fteval.trainers.making import checkpoints, libraries, overlap, progress, ranks, templates, weights, workshop
from fteval.trainers.making.bench import Bench, R
from fteval.trainers.making.plan import Training, plan
from fteval.trainers.making.preflight import Preflight
from fteval.trainers.making.rows import copies
from fteval.trainers.watching import curves
from fteval.trainers.watching.watch import Watched


@dataclass(frozen=True, slots=True)
class Method(Generic[R]):
    """What a trainer's file has of its own."""

    classes: tuple[str, ...]
    """What `trainer` uses of trl: imported before signals count, because one that cuts an import leaves it broken."""
    trainer: Callable[[Bench[R]], Any]
    """TRL's own trainer with model, settings and rows."""
    look: Callable[[Bench[R], Any], Preflight]
    """What that trainer will see. Raises UserError where it could not work."""


def train_with_trl(method: Method[R], training: Training[R]) -> Candidate:
    """The candidate of a training, registered; one that was made of the same record before is returned as it is.

    Raises UserError for rows or a recipe that cannot work, Incomplete for a training that diverged or whose disk or
    memory was full, Interrupted for SIGINT and SIGTERM: nothing is registered then, and the same record goes on from
    where it stopped.
    """
    if training.site.rank is None:
        workshop.prepare(training.site.candidates_dir)
    with Signals("stopping") as signals:
        try:
            made = _train(method, training, signals)
        except (Stop, KeyboardInterrupt):
            raise Interrupted(
                "the training was interrupted; no candidate was registered",
                signal_number=signals.number or 2,
                fix="the same command goes on from what was kept of it, or trains it from its beginning",
            ) from None
        if signals.number is not None:  # it came when the last step was done
            raise Interrupted(
                f"interrupted when the training was done: {made.id} is registered",
                signal_number=signals.number,
                fix="the same command goes on from there",
            )
        return made


def _train(method: Method[R], training: Training[R], signals: Signals) -> Candidate:
    site = training.site
    libraries.before_import()
    versions = libraries.versions()
    chat = Chat(training.base.located.folder)
    if training.recipe.template is not None:
        templates.give(chat, training.recipe.template)
    environment = ranks.environment(training, chat)
    recipe = training.recipe.resolved(len(training.rows)).on(environment["device"])
    training = dataclasses.replace(training, recipe=recipe)
    planned = plan(training, chat, versions, environment)
    if site.rank is not None:
        libraries.load(method.classes)
        learnt = _learnt(method, training, chat, site.rank.place, environment, signals, None)
        if site.rank.number == 0:
            site.rank.tell({**dataclasses.asdict(learnt), "inputs": registered.inputs_digest(planned)})
        return planned
    kept = checkpoints.of_candidate(site.candidates_dir, planned)
    known = registered.existing(site.candidates_dir, planned)
    if known is not None:
        kept.clear()  # of one that was killed when it had registered
        return known
    signals.check()
    if site.ranks is None:
        libraries.load(method.classes)
    with workshop.workshop(site.candidates_dir, registered.folder_name(planned)) as place:
        known = registered.existing(site.candidates_dir, planned)  # another process may have made it meanwhile
        if known is not None:
            return known
        if site.ranks is None:
            learnt = _learnt(method, training, chat, place, environment, signals, kept)
        else:
            with signals.cancelling():
                learnt = _together(site.ranks, place, planned)
        part = {"part": dict(site.part)} if site.part else {}
        made = dataclasses.replace(planned, data={**planned.data, **learnt.counts, **part})
        made = registered.register(place, site.candidates_dir, made, learnt.course)
        kept.clear()
        return made


@dataclass(frozen=True, slots=True)
class _Learnt:
    counts: Mapping[str, Any]
    """What became of the rows, and why."""
    course: Mapping[str, Any]
    """For candidate.json: steps, seconds, first and last loss."""


def _learnt(
    method: Method[R], training: Training[R], chat: Chat, place: Path, environment: Mapping[str, Any],
    signals: Signals, kept: checkpoints.Checkpoints | None,
) -> _Learnt:  # fmt: skip
    """What this process learnt, alone or as one of several; these keep nothing."""
    shared = environment.get("processes", 1), ranks.is_sharded(environment)
    on = environment["device"], *shared, training.site.vllm
    bench = Bench(training.recipe, training.rows, training.base, chat, place, *on)
    with signals.cancelling(), libraries.quiet_and_offline(), libraries.repeatable(environment):
        return _learn(method, bench, training, signals, kept)


def _together(ranks: Ranks, place: Path, planned: Candidate) -> _Learnt:
    """What several processes learnt. Raises Incomplete where they read other rows or weights than are recorded."""
    told = dict(ranks.train(place, planned.environment))
    if told.pop("inputs") != registered.inputs_digest(planned):
        raise Incomplete(
            "rows or base were changed while the processes started; no candidate was registered",
            fix="the same command trains it anew",
        )
    return _Learnt(**told)


def _learn(
    method: Method[R], bench: Bench[R], training: Training[R], signals: Signals, kept: checkpoints.Checkpoints | None
) -> _Learnt:
    """Trains, and leaves in the workshop what came out."""
    from fteval.trainers.making.keeping import Keeper  # brings transformers

    trainer = _trainer(method, bench)
    seen = dataclasses.replace(method.look(bench, trainer), copies=copies(bench.rows))
    if training.site.on_preflight:
        training.site.on_preflight(seen)
    weights.check_space(trainer.model, bench.place)
    untrained = weights.fingerprint(_trained(trainer.model, None))
    trainer.add_callback(progress.callback(training.site.on_progress, bench.recipe.rate))
    watcher = _watcher(training)
    if watcher is not None:
        trainer.add_callback(watcher)
    keeper = Keeper(trainer, kept, signals, training.site.keep_every, training.site.on_look or (lambda text: None))
    trainer.add_callback(keeper)
    try:
        course = _run(keeper, bench)
        if watcher is not None:
            course["watch"] = curves.summary(watcher.curve)
        state = {"state_dict": ranks.whole_state(trainer)} if bench.sharded else {}
        if training.site.rank is None or training.site.rank.number == 0:
            weights.check_trained(_trained(trainer.model, state.get("state_dict")), untrained)
            _write(trainer, bench, training, state)
    except progress.Fruitless:
        if kept is not None:
            kept.clear()
        raise
    return _Learnt(seen.counts, course)


def _write(trainer: Any, bench: Bench[R], training: Training[R], state: Mapping[str, Any]) -> None:
    """Leaves the trained weights in the workshop with what is known of them."""
    with weights.writing(bench.place):
        save = weights.save_adapter if bench.recipe.kind == "adapter" else weights.save_full
        save(trainer.model, bench.base, bench.place, **state)
        if bench.recipe.template is not None:
            (bench.place / "chat_template.jinja").write_text(bench.chat.template or "", encoding="utf-8")
        weights.write_json(bench.place / "training_log.json", trainer.state.log_history[:-1])
        overlap.write_prompts(bench.rows, [bench.base.located.folder, *training.taught_by], bench.place)


def _trained(model: Any, state: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Name -> weight of what was trained; of a sharded model from its gathered `state`."""
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    return trained if state is None else {name: weight for name, weight in state.items() if name in trained}


def _watcher(training: Training[R]) -> Any:
    """The callback that looks at the model on its way; None where nothing does."""
    from fteval.trainers.watching.callback import Watch  # brings transformers

    watching = training.site.watching
    if not isinstance(watching, Watched):
        return None
    return Watch(watching, training.site.on_look, [row["prompt"] for row in training.rows if "prompt" in row])


def _trainer(method: Method[R], bench: Bench[R]) -> Any:
    """TRL's trainer. Raises UserError for what a model's template or its layers do not allow."""
    import jinja2
    from transformers import PrinterCallback

    folder = str(bench.base.located.folder)
    try:
        trainer = method.trainer(bench)
    except jinja2.TemplateError as error:
        raise UserError(
            f"the chat template refuses a row: {error}",
            where=folder,
            fix="see the model's card for the roles that it takes, and in which order",
        ) from None
    except ValueError as error:
        if "target modules" not in str(error).lower():
            raise
        names = getattr(bench.recipe, "target_modules", ())
        raise UserError(
            f"target_modules: this model has no {' and no '.join(names)}",
            where=folder,
            fix="all-linear takes what there is",
        ) from None
    trainer.remove_callback(PrinterCallback)  # it prints to stdout
    return trainer


def _run(keeper: Any, bench: Bench[R]) -> dict[str, Any]:
    """Trains, and says how it went. Raises Incomplete when the loss diverges, a reward fails or memory runs out."""
    trainer, batch = keeper.trainer, bench.recipe.batch_size // bench.processes
    try:
        keeper.train(bench.model)
    except (Stop, KeyboardInterrupt):
        raise keeper.interrupted() from None
    except Exception as error:
        if out_of_memory(error):
            smaller = f"set accumulate to {batch} (the batch stays {bench.recipe.batch_size}), or a lower max_length"
            error = Incomplete("out of memory while training; no candidate was registered", fix=smaller)
        if keeper.kept is None or not isinstance(error, UserError) or isinstance(error, progress.Fruitless):
            raise error
        go_on = f"{keeper.where}: the same command goes on from there; with another recipe or reward it trains anew"
        fix = f"{error.fix}; {go_on}" if error.fix else go_on
        raise Incomplete(error.what, where=error.where, fix=fix) from error
    seconds, log = round(keeper.seconds, 1), [e for e in trainer.state.log_history if "loss" in e]
    losses = [float(entry["loss"]) for entry in log]
    progress.check_learnt(losses, trainer.model.config.get_text_config().vocab_size, bench.recipe.rate)
    ends = {name: [log[0][name], log[-1][name]] for name in ("loss", *_COURSE) if name in log[0] and name in log[-1]}
    return {"steps": len(losses), "seconds": seconds, **ends}


_COURSE = (
    "reward",
    "unscored",
    "kl",
    "completions/mean_length",
    "rewards/accuracies",
    "rewards/margins",
    "accuracy",
    "margin",
)
"""Of what TRL logs of rewards and preferences, what stands in the record with its first and its last value."""
