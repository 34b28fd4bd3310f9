"""From models, probes and gates to a verdict: what `fteval run` and `fteval.run` both call.

comparison = fteval.run(model="nano+out/sft", against="nano", probes=["iso_date", "facts"])
comparison = fteval.run(config="fteval.yaml")
comparison = fteval.compare("20261120T101756Z-7f3a", "20261120T102001Z-91bc")
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fteval import judging, registry
from fteval.errors import UserError
from fteval.experiment import (
    DEFAULT_STORE,
    Experiment,
    ModelUse,
    build_suite,
    describe,
    find_config,
    measurable,
    resolve_gates,
)
from fteval.judging import Rules
from fteval.records import Candidate, Comparison, Engine, Gate, Message, NoiseFloor, Plan, RunRecord

if TYPE_CHECKING:
    from fteval.engines.pool import Pool
    from fteval.engines.preflight import Check
    from fteval.runs.attempt import Progress
    from fteval.runs.store import Store
    from fteval.runs.suite import Suite

BASE = "base"
"""What progress and messages call the base."""


class Listener:
    """Hears how the work goes. This one is silent; the command line draws bars."""

    def note(self, text: str) -> None:
        """One thing that a reader should know."""

    def progress(self, label: str, done: int, total: int, detail: str = "") -> None:
        """`done` of `total` acknowledged."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the work happens. Nothing here changes an answer but `dtype`, which is part of a run's identity."""

    store: Path = DEFAULT_STORE
    device: str = "auto"
    dtype: str = "auto"
    batch_tokens: int | None = None
    offline: bool = False
    resume: str | None = None
    command: str | None = None
    """What the user typed, for messages that say how to go on."""
    listener: Listener = field(default_factory=Listener)


def run(
    model: str | None = None,
    against: str | None = None,
    probes: Sequence[str] = (),
    *,
    holdout: str | Path | Sequence[str | Path] = (),
    config: str | Path | None = None,
    score: Sequence[str] = (),
    settings: Mapping[str, Any] | None = None,
    gates: Sequence[Gate] = (),
    sampling: Mapping[str, Any] | None = None,
    repeats: int | None = None,
    limit: int | None = None,
    sequential: bool = False,
    allow_subset: bool = False,
    server: Mapping[str, Any] | None = None,
    store: str | Path | None = None,
    device: str = "auto",
    dtype: str = "auto",
    offline: bool = False,
    listener: Listener | None = None,
) -> Comparison | RunRecord:
    """Measures a model; against a base, says what changed and whether to ship.

    Returns a Comparison where there is a base and a candidate, else the RunRecord of the one model. `sampling` takes
    the fields of `records.Sampling`; `settings` are parameters of the probes; `server` takes the fields of
    `engines.remote.limits.Limits`, `max_usd` and `max_tokens`. Raises UserError and its children.
    """
    files = [holdout] if isinstance(holdout, str | Path) else list(holdout)
    experiment = describe(
        config=find_config(Path(config) if config else None, wanted=False),
        model=model, against=against, probes=probes, holdouts=[Path(f) for f in files], scorers=score,
        settings=settings, gates=gates, sampling=sampling, repeats=repeats, limit=limit,
        sequential=sequential, allow_subset=allow_subset, server=server,
    )  # fmt: skip
    place = Place(
        store=Path(store) if store else experiment.store,
        device=device,
        dtype=dtype,
        offline=offline,
        listener=listener or Listener(),
    )
    return measure(experiment, place)


def measure(experiment: Experiment, place: Place) -> Comparison | RunRecord:
    """Trains the candidates that do not exist yet, runs base and candidates, compares and judges.

    What the store has already, by content, is not done again. Everything that can be checked without a model is checked
    before one is loaded.
    """
    with prepared(experiment, place) as ready:
        resumed = _resumed(place, ready.store, [engine.ref for _, engine in ready.engines])
        if experiment.sequential:
            records = _in_step(ready, resumed, experiment, place)
        else:
            records = [
                (name, _execute(name, engine, resumed, ready.suite, experiment, ready.store, place))
                for name, engine in ready.engines
            ]
    return concluded(ready, records, experiment, place)


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that is needed before the first answer: what is asked, of which models, and how it will be judged."""

    suite: Suite
    rules: Rules
    accepted: RunRecord | None
    """The accepted scores that stand for the base's."""
    engines: Sequence[tuple[str, Engine]]
    """Base and candidates under their names."""
    store: Store


@contextmanager
def prepared(
    experiment: Experiment, place: Place, open_engine: Callable[[Pool, str], Engine] | None = None
) -> Iterator[Prepared]:
    """Suite, rules and engines; candidates that do not exist yet are trained. Engines are closed at the end.

    `open_engine` makes the engines that are measured, where they are not the pool's own.
    """
    from fteval.engines.pool import Pool
    from fteval.runs.store import Store
    from fteval.runs.suite import check_judges, with_references

    suite = build_suite(experiment)
    gates = resolve_gates(experiment, measurable(suite))
    store = Store(place.store)
    for name, use in experiment.candidates.items():
        _check_trainable(name, use)
    with _pool(Pool, store, place, experiment) as pool:
        suite = with_references(suite, pool.open)
        rules = judging.rules_of(experiment, gates, suite.name, suite.digest)
        accepted = None
        if experiment.baseline is not None:
            from fteval import releases

            accepted = releases.load(experiment.baseline, experiment.folder, suite.name)
            judging.check_suite(accepted, suite.digest)
        opens = pool.open if open_engine is None else partial(open_engine, pool)
        engines = _opened(experiment, accepted is None, opens, store, place)
        check_judges(suite, engines)
        yield Prepared(suite, rules, accepted, engines, store)


def concluded(
    ready: Prepared, records: Sequence[tuple[str, RunRecord]], experiment: Experiment, place: Place
) -> Comparison | RunRecord:
    """What finished runs say: a comparison where there is a base, else the one run."""
    if ready.accepted is not None:
        return judging.compared(ready.accepted, records, ready.rules, ready.store, command=place.command)
    if len(records) == 1:
        return records[0][1]
    if experiment.base is None:
        raise UserError(
            "several candidates and no base to compare them with",
            fix="add base: to the config, or name it with --against",
        )
    (_, base), *candidates = records
    return judging.compared(base, candidates, ready.rules, ready.store, command=place.command)


def plan(experiment: Experiment, place: Place) -> Plan:
    """What a run would do and what its gates could see; asks no model and writes nothing."""
    from fteval.engines.pool import Pool
    from fteval.planned import planned
    from fteval.runs.store import Store

    suite = build_suite(experiment)
    gates = resolve_gates(experiment, measurable(suite))
    store = Store(place.store, readonly=True) if place.store.is_dir() else None
    unasked = replace(experiment, servers=replace(experiment.servers, asked=False))
    with _pool(Pool, store, place, unasked) as pool:
        return planned(experiment, suite, gates, store, pool.open)


def noise(experiment: Experiment, place: Place) -> tuple[RunRecord, tuple[NoiseFloor, ...]]:
    """Asks the base twice, the second time with another seed or (greedy) in other batches; keeps what changed."""
    from fteval.engines.pool import Pool
    from fteval.runs.store import Store
    from fteval.runs.suite import with_references
    from fteval.stats.noise_floor import noise_floor

    if experiment.base is None:
        raise UserError("no model to ask twice", fix="name it with --model, or write base: into the config")
    if experiment.base.startswith("replay:"):
        raise UserError("saved outputs cannot be asked twice: they would be the same", fix="name the model itself")
    suite, store = build_suite(experiment), Store(place.store)
    sampled = experiment.sampling.temperature > 0
    other = replace(experiment.sampling, seed=experiment.sampling.seed + 1) if sampled else experiment.sampling
    records = []
    for again, sampling in ((False, experiment.sampling), (True, other)):
        asked = replace(experiment, sampling=sampling)
        # Other batches round other sums: on many machines that is all that greedy answers can differ by.
        batches = replace(place, batch_tokens=_OTHER_BATCHES) if again and not sampled else place
        with _pool(Pool, store, batches, experiment) as pool:
            suite = with_references(suite, pool.open)
            label = "base again" if again else BASE
            engine = pool.open(experiment.base)
            records.append(
                _execute(label, engine, None, suite, asked, store, batches, reuse=not again, go_on=place.command)
            )
    here = "served" not in records[0].manifest
    floors = noise_floor(*records, how="another seed" if sampled else "other batches" if here else "asked again")
    store.save_noise(records[0], floors)
    return records[0], floors


_OTHER_BATCHES = 600
"""Padded tokens per batch the second time: a few prompts each."""


def train(name: str, use: ModelUse, base: str, place: Place) -> Candidate:
    """Makes a candidate, or returns the one that has the same record already."""
    from fteval.runs.store import Store

    _check_trainable(name, use)
    return _train(name, use, base, Store(place.store), place)


def cancel(use: ModelUse, base: str, place: Place) -> str:
    """Ends the provider's job that `train` would follow, and returns its id. Raises UserError when none goes on."""
    from fteval.runs.store import Store

    assert use.trainer is not None and use.data is not None
    module = registry.trainer_module(use.trainer)
    if not hasattr(module, "cancel"):
        raise UserError(f"'{use.trainer}' trains on this machine: there is no job to cancel", fix="Ctrl-C ends it")
    recipe = registry.make(module.Recipe, use.recipe, owner=f"trainer '{use.trainer}'", where=use.where)
    job: str = module.cancel(base, recipe, use.data, Store(place.store).candidates_dir, offline=place.offline)
    return job


def doctor(model: str, against: str | None, place: Place) -> list[Check]:
    """The preflight's findings on a model, and on its base where one is given."""
    from fteval.engines import preflight
    from fteval.engines.pool import Pool
    from fteval.runs.store import Store

    store = Store(place.store)
    with _pool(Pool, store, place) as pool:
        engine = pool.open(model)
        base = pool.open(against) if against else None
        found = preflight.checks(engine, pool)
        if base is not None:
            found += [replace(check, name=f"base: {check.name}") for check in preflight.checks(base, pool)]
            found.append(_same_prompt(engine, base))
        return found


def _same_prompt(engine: Engine, base: Engine) -> Check:
    from fteval.engines.preflight import Check

    asked = [Message("user", "What is a dog?")]
    ours, theirs = engine.prompt(asked).token_ids, base.prompt(asked).token_ids
    if ours is None or theirs is None:
        return Check("same question", None, "what is behind a server or in a file renders its prompts itself")
    same = ours == theirs
    message = f"model and base read {'the same' if same else 'different'} tokens for one question"
    return Check("same question", same, message, None if same else "compare models of one tokenizer and chat template")


# --- steps ----------------------------------------------------------------------------------------


@contextmanager
def _pool(cls: type[Pool], store: Store | None, place: Place, experiment: Experiment | None = None) -> Iterator[Pool]:
    with cls(
        store.candidates_dir if store else None,
        device=place.device,
        dtype=place.dtype,
        batch_tokens=place.batch_tokens,
        offline=place.offline,
        servers=experiment.servers if experiment else None,
    ) as pool:
        yield pool


def _base_of(experiment: Experiment, name: str) -> str:
    if experiment.base is None:
        raise UserError(f"candidate '{name}' is to be trained, but there is no base", fix="add base: to the config")
    return experiment.base


def _check_trainable(name: str, use: ModelUse) -> None:
    """Everything about a training that can be wrong without torch."""
    if use.trainer is None:
        return
    module = registry.trainer_module(use.trainer)
    registry.make(module.Recipe, use.recipe, owner=f"trainer '{use.trainer}'", where=use.where)
    if use.data is None:
        raise UserError(f"candidate '{name}' needs data: the rows to learn from", where=use.where)


def _resumed(place: Place, store: Store, refs: Sequence[str]) -> tuple[str, str] | None:
    """(ref, run id) of the run that --resume names: one of these models goes on with it, the others start or reuse."""
    if place.resume is None:
        return None
    from fteval.runs import results

    run_id = results.latest_incomplete(store) if place.resume == "latest" else store.find(place.resume).id
    if run_id is None:
        raise UserError("there is no incomplete run to resume", where=str(store.root), fix="leave --resume out")
    ref = str(store.find(run_id).manifest["ref"])
    if ref not in refs:
        raise UserError(
            f"run {run_id} is one of {ref}, which is not measured here",
            fix="leave --resume out: what is the same is reused anyway",
        )
    return ref, run_id


def _train(name: str, use: ModelUse, base: str, store: Store, place: Place) -> Candidate:
    assert use.trainer is not None and use.data is not None
    module = registry.trainer_module(use.trainer)
    recipe = registry.make(module.Recipe, use.recipe, owner=f"trainer '{use.trainer}'", where=use.where)

    def heard(progress: Any) -> None:
        loss = "" if progress.loss is None else f"loss {progress.loss:.3f}"
        place.listener.progress(f"training {name}", progress.step, progress.total, loss)

    candidate: Candidate = module.train(
        base,
        recipe,
        use.data,
        store.candidates_dir,
        name=name,
        device=place.device,
        offline=place.offline,
        on_preflight=lambda found: place.listener.note(str(found)),
        on_progress=heard,
    )
    return candidate


def _opened(
    experiment: Experiment, wants_base: bool, open_engine: Callable[[str], Engine], store: Store, place: Place
) -> list[tuple[str, Engine]]:
    """The engines of base and candidates under their names; candidates that do not exist yet are trained.

    All refs are opened before anything is trained or run: a misspelt path must not cost the hour before it is met.
    """
    refs = {name: use.ref for name, use in experiment.candidates.items() if use.ref is not None}
    base = experiment.base if wants_base else None
    engines = {ref: open_engine(ref) for ref in dict.fromkeys([*([base] if base else []), *refs.values()])}
    for name, use in experiment.candidates.items():
        if use.ref is None:
            trained = _train(name, use, _base_of(experiment, name), store, place)
            refs[name] = trained.id
            engines[trained.id] = open_engine(trained.id)
    named = [*([(BASE, base)] if base else []), *((n, refs[n]) for n in experiment.candidates)]
    return [(name, engines[ref]) for name, ref in named]


def _execute(
    label: str,
    engine: Engine,
    resumed: tuple[str, str] | None,
    suite: Suite,
    experiment: Experiment,
    store: Store,
    place: Place,
    *,
    reuse: bool = True,
    go_on: str | None = None,
) -> RunRecord:
    from fteval.runs.execute import execute

    return execute(
        suite,
        engine,
        experiment.sampling,
        store,
        repeats=experiment.repeats,
        resume=resumed[1] if resumed and resumed[0] == engine.ref else None,
        reuse=reuse,
        on_progress=heard(label, place),
        command=place.command,
        go_on=go_on,
    )


def _in_step(
    ready: Prepared, resumed: tuple[str, str] | None, experiment: Experiment, place: Place
) -> list[tuple[str, RunRecord]]:
    from fteval.runs.stepwise import Side, execute_in_step
    from fteval.stats.decided import decided

    opened, accepted = ready.engines, ready.accepted
    names = [name for name, _ in opened]
    if len(opened) + (accepted is not None) < 2:
        raise UserError("--sequential stops when gates are decided: it needs a base", fix="name one with --against")

    def enough(records: Sequence[RunRecord]) -> list[frozenset[str]]:
        base = accepted or records[0]
        candidates = records if accepted else records[1:]
        done = [decided(base, run, ready.rules.gates, ready.rules.anchors, len(candidates)) for run in candidates]
        # The base is asked as long as one candidate is.
        return done if accepted else [frozenset.intersection(*done), *done]

    sides = [
        Side(engine, resumed[1] if resumed and resumed[0] == engine.ref else None, heard(name, place))
        for name, engine in opened
    ]
    records = execute_in_step(
        ready.suite,
        sides,
        experiment.sampling,
        ready.store,
        enough,
        repeats=experiment.repeats,
        seed=experiment.sampling.seed,
        command=place.command,
    )
    return list(zip(names, records, strict=True))


def heard(label: str, place: Place) -> Callable[[Progress], None]:
    """What tells the listener how far a model is measured."""

    def tell(progress: Progress) -> None:
        errors = f"{progress.errors} errors" if progress.errors else ""
        place.listener.progress(f"measuring {label}", progress.done, progress.total, errors)

    return tell
