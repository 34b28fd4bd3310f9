"""A suite through base and candidates, and what their runs say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from fteval.engines.remote.engine import ServerEngine
from fteval.errors import UserError
from fteval.experiment import stale
from fteval.experiment.experiment import Experiment
from fteval.experiment.place import Place, heard
from fteval.experiment.prepare import Grounds, Prepared, concluded, prepared
from fteval.records import Comparison, Engine, RunRecord, Sampling, bare
from fteval.runs.asking import execute as runs
from fteval.runs.asking.kept import Origin, Planned
from fteval.runs.asking.referees import Referees
from fteval.runs.asking.suite import Suite
from fteval.runs.asking.terms import Terms
from fteval.runs.journal.store import Store
from fteval.runs.reading import results


def measure(experiment: Experiment, place: Place) -> Comparison | RunRecord:
    """Trains the candidates that do not exist yet, runs base and candidates, compares and judges.

    What the store has already, by content, is not done again. Everything that can be checked without a model is checked
    before one is loaded; of a gate that cannot pass with so few samples it is said before the first answer.
    """
    conclude = _measured(experiment, place)  # what was asked is let go of: a comparison needs the room
    with place.listener.busy("comparing"):
        return conclude()


def _measured(experiment: Experiment, place: Place) -> Callable[[], Comparison | RunRecord]:
    """What is left to do once all runs are there."""
    with prepared(experiment, place) as ready:
        resumed = _resumed(place, ready.store, [engine.ref for _, engine in ready.engines])
        compares = len(ready.engines) + (ready.accepted is not None) > 1
        if experiment.sequential and not compares:
            raise UserError("--sequential stops when gates are decided: it needs a base", fix="name one with --against")
        _greet(ready.engines, experiment.sampling, place)
        if compares:
            from fteval.experiment.plan import cannot_pass  # with it come the statistics

            for text in cannot_pass(experiment, ready.suite, ready.rules.gates):
                place.listener.note(text)
        elif experiment.gates:
            place.listener.note("no candidate is named, so that the gates of the config judge nothing")
        asking = Asking(ready.suite, ready.store, ready.referees, resumed, ready.base, ready.origin, ready.planned)
        if experiment.sequential:
            records = _in_step(ready, asking, experiment, place)
        else:
            records = [(name, execute(name, engine, asking, experiment, place)) for name, engine in ready.engines]
        grounds = Grounds(ready.rules, ready.accepted, ready.store)
    return partial(concluded, grounds, records, experiment, place)


@dataclass(frozen=True, slots=True)
class Asking:
    """What is the same for every model of a run."""

    suite: Suite
    store: Store
    referees: Referees | None = None
    resumed: tuple[str, str] | None = None
    """(ref, run id) of the run that is gone on with."""
    base: Engine | None = None
    origin: Origin | None = None
    planned: Planned | None = None

    def resume(self, engine: Engine) -> str | None:
        """The run that this model goes on with."""
        return self.resumed[1] if self.resumed and self.resumed[0] == engine.ref else None


def execute(
    label: str,
    engine: Engine,
    asking: Asking,
    experiment: Experiment,
    place: Place,
    *,
    reuse: bool = True,
    go_on: str | None = None,
) -> RunRecord:
    """One model through the suite."""
    with place.listener.busy(f"measuring {label}: getting ready"):
        record = runs.execute(
            asking.suite,
            engine,
            experiment.sampling,
            asking.store,
            Terms(
                experiment.repeats,
                referees=asking.referees,
                base=asking.base,
                resume=asking.resume(engine),
                planned=asking.planned,
                origin=asking.origin,
                reuse=reuse,
                on_progress=heard(label, place),
                command=place.command,
                go_on=go_on,
            ),
        )
    return stale.remember(record, engine)


def _in_step(ready: Prepared, asking: Asking, experiment: Experiment, place: Place) -> list[tuple[str, RunRecord]]:
    from fteval.runs.asking.stepwise import Side, execute_in_step
    from fteval.stats.decided import decided

    opened, accepted = ready.engines, ready.accepted
    names = [name for name, _ in opened]

    def enough(records: Sequence[RunRecord]) -> list[frozenset[str]]:
        base = accepted or records[0]
        candidates = records if accepted else records[1:]
        n = max(len(candidates), experiment.of)
        done = [decided(base, run, ready.rules.gates, ready.rules.anchors, n) for run in candidates]
        # The base is asked as long as one candidate is.
        return done if accepted else [frozenset.intersection(*done), *done]

    sides = [Side(engine, asking.resume(engine), heard(name, place)) for name, engine in opened]
    terms = Terms(experiment.repeats, experiment.sampling.seed, asking.referees, asking.base, command=place.command)
    records = execute_in_step(ready.suite, sides, experiment.sampling, ready.store, enough, terms)
    for side, record in zip(sides, records, strict=True):
        stale.remember(record, side.engine)
    return list(zip(names, records, strict=True))


def _greet(engines: Sequence[tuple[str, Engine]], sampling: Sampling, place: Place) -> None:
    """Begins the contact with the model that is asked first, where a server has it."""
    model = bare(engines[0][1]) if engines else None
    # By a name that says for ever which model it is, earlier answers may be all that is needed.
    if isinstance(model, ServerEngine) and not model.timeless:
        model.greet(sampling)
        place.listener.waiting()


def _resumed(place: Place, store: Store, refs: Sequence[str]) -> tuple[str, str] | None:
    """(ref, run id) of the run that --resume names: one of these models goes on with it, the others start or reuse."""
    if place.resume is None:
        return None

    run = results.to_go_on_with(store, place.resume)
    if run is None:
        raise UserError("there is no incomplete run to resume", where=str(store.root), fix="leave --resume out")
    ref = str(run.manifest["ref"])
    if ref not in refs:
        raise UserError(
            f"run {run.id} is one of {ref}, which is not measured here",
            fix="leave --resume out: what is the same is reused anyway",
        )
    return ref, run.id
