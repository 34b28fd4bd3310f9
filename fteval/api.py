"""From models, probes and gates to a verdict: what `fteval run` and `fteval.run` both call.

comparison = fteval.run(model="nano+out/sft", against="nano", probes=["iso_date", "facts"])
comparison = fteval.run(config="fteval.yaml")
comparison = fteval.compare("20261120T101756Z-7f3a", "20261120T102001Z-91bc")
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fteval import registry
from fteval.errors import UserError
from fteval.experiment import DEFAULT_STORE, Experiment, ModelUse, build_suite, describe, find_config, resolve_gates
from fteval.records import Candidate, CandidateResult, Comparison, Engine, Gate, Judged, Message, RunRecord

if TYPE_CHECKING:
    from fteval.engines.pool import Pool
    from fteval.engines.preflight import Check
    from fteval.runs.store import Store
    from fteval.runs.suite import Suite

BASE = "base"
"""What progress and messages call the base."""
_TIME = len("20261120T101756Z")
N_FLIPS = 200
"""Flips kept per metric; more are counted, and stay in the store."""


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
    store: str | Path | None = None,
    device: str = "auto",
    dtype: str = "auto",
    offline: bool = False,
    listener: Listener | None = None,
) -> Comparison | RunRecord:
    """Measures a model; against a base, says what changed and whether to ship.

    Returns a Comparison where there is a base and a candidate, else the RunRecord of the one model. `sampling` takes
    the fields of `records.Sampling`; `settings` are parameters of the probes. Raises UserError and its children.
    """
    files = [holdout] if isinstance(holdout, str | Path) else list(holdout)
    experiment = describe(
        config=find_config(Path(config) if config else None, wanted=False),
        model=model, against=against, probes=probes, holdouts=[Path(f) for f in files], scorers=score,
        settings=settings, gates=gates, sampling=sampling, repeats=repeats, limit=limit,
    )  # fmt: skip
    place = Place(
        store=Path(store) if store else experiment.store,
        device=device,
        dtype=dtype,
        offline=offline,
        listener=listener or Listener(),
    )
    return measure(experiment, place)


def compare(base: str, *candidates: str, store: str | Path = DEFAULT_STORE, config: Path | None = None) -> Comparison:
    """Pairs saved runs sample by sample: ids, their beginnings, or refs whose newest complete run is taken."""
    from fteval.runs.store import Store

    kept = Store(Path(store), readonly=True)
    runs = [_find_run(kept, text) for text in (base, *candidates)]
    gates: tuple[Gate, ...] = ()
    if config is not None:
        experiment = describe(config=find_config(config, wanted=True))
        gates = resolve_gates(experiment, build_suite(experiment))
    return _compared(runs[0], [(record.ref, record) for record in runs[1:]], gates, Store(Path(store)))


def measure(experiment: Experiment, place: Place) -> Comparison | RunRecord:
    """Trains the candidates that do not exist yet, runs base and candidates, compares and judges.

    What the store has already, by content, is not done again. Everything that can be checked without a model is checked
    before one is loaded.
    """
    from fteval.engines.pool import Pool
    from fteval.runs.store import Store

    suite = build_suite(experiment)
    gates = resolve_gates(experiment, suite)
    store = Store(place.store)
    for name, use in experiment.candidates.items():
        _check_trainable(name, use)
    with _pool(Pool, store, place) as pool:
        refs = {name: use.ref for name, use in experiment.candidates.items() if use.ref is not None}
        # Opened before anything is trained or run: a misspelt path must not cost the hour before it is met.
        engines = {
            ref: pool.open(ref)
            for ref in dict.fromkeys([*([experiment.base] if experiment.base else []), *refs.values()])
        }
        for name, use in experiment.candidates.items():
            if use.ref is None:
                trained = _train(name, use, _base_of(experiment, name), store, place)
                refs[name] = trained.id
                engines[trained.id] = pool.open(trained.id)
        named = [
            *([(BASE, experiment.base)] if experiment.base else []),
            *((n, refs[n]) for n in experiment.candidates),
        ]
        resumed = _resumed(place, store, [ref for _, ref in named])
        records = [(n, _execute(n, engines[ref], resumed, suite, experiment, store, place)) for n, ref in named]
    if len(records) == 1:
        return records[0][1]
    if experiment.base is None:
        raise UserError(
            "several candidates and no base to compare them with",
            fix="add base: to the config, or name it with --against",
        )
    (_, base), *candidates = records
    leaks = {name: _leaks(store, refs[name], suite) for name, _ in candidates}
    return _compared(base, candidates, gates, store, command=place.command, extra=leaks)


def train(name: str, use: ModelUse, base: str, place: Place) -> Candidate:
    """Makes a candidate, or returns the one that has the same record already."""
    from fteval.runs.store import Store

    _check_trainable(name, use)
    return _train(name, use, base, Store(place.store), place)


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
    same = engine.prompt(asked).token_ids == base.prompt(asked).token_ids
    message = f"model and base read {'the same' if same else 'different'} tokens for one question"
    return Check("same question", same, message, None if same else "compare models of one tokenizer and chat template")


# --- what is saved --------------------------------------------------------------------------------


def saved(what: str, store: Path) -> Comparison | RunRecord:
    """A saved comparison or run; `latest` is the newest of both."""
    from fteval.runs.store import Store

    kept = Store(store, readonly=True)
    if what == "latest":
        ids = kept.comparisons()
        runs = kept.runs()
        # Ids begin with the time, to the second, and a comparison is made after its runs.
        if ids and (not runs or ids[-1][:_TIME] >= runs[-1].id[:_TIME]):
            return kept.load_comparison(ids[-1])
    elif any(i.startswith(what) for i in kept.comparisons()):
        return kept.load_comparison(what)
    return saved_run(what, store)


def saved_run(what: str, store: Path) -> RunRecord:
    """A saved run with its scores per sample."""
    from fteval.runs import results
    from fteval.runs.store import Store

    return results.load(Store(store, readonly=True), what)


def worst(run: RunRecord, limit: int = 3) -> list[Judged]:
    """The worst answers of a run, for its report."""
    from fteval.runs import flips

    return flips.worst(run, limit)


def runs(store: Path) -> list[dict[str, Any]]:
    """What a list shows of every run, newest first."""
    from fteval.runs import results
    from fteval.runs.store import Store

    return [results.summary(kept) for kept in reversed(Store(store, readonly=True).runs())]


def verify(store: Path, run: str | None, *, repair: bool) -> tuple[list[str], int, int]:
    """Damaged lines as `file:line: what`, the number of lines read, and of runs."""
    from fteval.runs import store as stores

    kept = stores.Store(store, readonly=True)
    chosen = [kept.find(run)] if run else kept.runs()
    findings: list[str] = []
    n_lines = 0
    for one in chosen:
        count, damages = stores.verify_run(one)
        n_lines += count
        findings += [f"{damage.where}: {damage.reason}" for damage in damages]
        if repair and damages:
            stores.repair_run(one)
    return findings, n_lines, len(chosen)


def rescore(run: str, store: Path) -> RunRecord:
    """Judges a saved run's answers anew with today's probes and the parameters that the run had; asks no model."""
    from fteval.runs import results
    from fteval.runs.store import Store

    kept = Store(store)
    found = kept.find(run)
    probes = {
        name: registry.probe(fields["use"], fields["params"]) for name, fields in found.manifest["probes"].items()
    }
    return results.rescore(kept, found.id, probes)


# --- steps ----------------------------------------------------------------------------------------


@contextmanager
def _pool(cls: type[Pool], store: Store, place: Place) -> Iterator[Pool]:
    with cls(
        store.candidates_dir,
        device=place.device,
        dtype=place.dtype,
        batch_tokens=place.batch_tokens,
        offline=place.offline,
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


def _execute(
    label: str,
    engine: Engine,
    resumed: tuple[str, str] | None,
    suite: Suite,
    experiment: Experiment,
    store: Store,
    place: Place,
) -> RunRecord:
    from fteval.runs.execute import Progress, execute

    def heard(progress: Progress) -> None:
        errors = f"{progress.errors} errors" if progress.errors else ""
        place.listener.progress(f"measuring {label}", progress.done, progress.total, errors)

    return execute(
        suite,
        engine,
        experiment.sampling,
        store,
        repeats=experiment.repeats,
        resume=resumed[1] if resumed and resumed[0] == engine.ref else None,
        on_progress=heard,
        command=place.command,
    )


def _compared(
    base: RunRecord,
    candidates: Sequence[tuple[str, RunRecord]],
    gates: Sequence[Gate],
    store: Store,
    *,
    command: str | None = None,
    extra: Mapping[str, Sequence[str]] | None = None,
) -> Comparison:
    from fteval.stats import compare as stats

    results = []
    for result in stats.compare(base, candidates, gates):
        warnings = (*result.warnings, *(extra or {}).get(result.name, ()))
        results.append(replace(result, flips=_flips(base, result), warnings=warnings))
    comparison = stats.conclude("", base, results, command=command)
    return replace(comparison, id=store.save_comparison(comparison))


def _flips(base: RunRecord, result: CandidateResult) -> tuple[Any, ...]:
    """Both answers of the samples that changed: by the metrics that are gated, else by a probe's primary one."""
    from fteval.runs.results import flips

    shown = {(g.gate.probe, g.gate.metric): None for g in result.gates}
    gated = {probe for probe, _ in shown}
    shown |= {(c.probe, c.metric.name): None for c in result.changes if c.metric.primary and c.probe not in gated}
    return tuple(flip for probe, metric in shown for flip in flips(base, result.run, probe, metric, N_FLIPS))


def _leaks(store: Store, ref: str, suite: Suite) -> list[str]:
    """A warning when hold-out prompts were trained on, as far as the candidate's record knows."""
    from fteval.trainers.candidate import find
    from fteval.trainers.overlap import overlap

    folder = find(store.candidates_dir, ref)
    if folder is None:
        return []  # made elsewhere: what it was trained on is not known
    found: list[str] = []
    for probe in suite.probes:
        ids = overlap(folder, probe.samples)
        if ids:
            share = f"{len(ids)} of {len(probe.samples)}"
            found.append(f"{share} hold-out prompts of '{probe.name}' were trained on (first: {ids[0]})")
    return found


def _find_run(store: Store, text: str) -> RunRecord:
    """A run by id, or the newest complete one of a ref."""
    from fteval.runs import results

    for kept in reversed(store.runs()):
        if kept.manifest.get("ref") == text and results.summary(kept)["complete"]:
            return results.record(kept)
    return results.load(store, text)
