"""Everything that is needed before the first answer; what can be checked without a model is checked first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial

from fteval.alternatives.layers.stack import changed
from fteval.engines import preflight
from fteval.engines.pool import Pool
from fteval.errors import UserError
from fteval.experiment.check import checked, lines
from fteval.experiment.doctor import look_before
from fteval.experiment.experiment import Experiment
from fteval.experiment.origin import origin_of
from fteval.experiment.place import Place, opened_pool
from fteval.experiment.rules import Rules, check_suite, rules_of
from fteval.records import Comparison, Engine, RunRecord, Shelf, asks_base
from fteval.runs.asking import kept
from fteval.runs.asking.appoint import Wanted, appointed, check_not_measured
from fteval.runs.asking.kept import Origin, Planned
from fteval.runs.asking.referees import Referees
from fteval.runs.asking.suite import Suite
from fteval.runs.journal.store import Store
from fteval.runs.reading import results

BASE = "base"
"""What progress and messages call the base."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """On what finished runs are judged."""

    rules: Rules
    accepted: RunRecord | None
    """The accepted scores that stand for the base's."""
    store: Store


@dataclass(frozen=True, slots=True)
class Prepared(Grounds):
    """All that is needed before the first answer: what is asked, of which models, and how it will be judged."""

    suite: Suite
    engines: Sequence[tuple[str, Engine]]
    """Base and candidates under their names."""
    referees: Referees | None = None
    """Who judges beside the probes' rules."""
    base: Engine | None = None
    """Against which answers are held, where a probe asks for that."""
    origin: Origin | None = None
    """Of what the suite was made."""
    planned: Planned | None = None
    """The plan of the run that is gone on with, where it was kept."""


@contextmanager
def prepared(
    experiment: Experiment, place: Place, open_engine: Callable[[Pool, str], Engine] | None = None
) -> Iterator[Prepared]:
    """Suite, rules and engines; candidates that do not exist yet are trained. Engines are closed at the end.

    `open_engine` makes the engines that are measured, where they are not the pool's own.
    """
    origin = origin_of(experiment)
    planned = _planned(place, origin)
    suite, gates = checked(experiment, planned.suite if planned else None)
    store = Store(place.store)
    if experiment.trains:
        from fteval.experiment import making  # with it comes all that trains

        experiment = making.with_rows(experiment, suite, store, place)
    with opened_pool(store, place, experiment) as pool:
        lend_template(experiment, pool, place.listener.note)
        accepted = None
        if experiment.baseline is not None:
            from fteval import releases

            accepted = releases.load(experiment.baseline, experiment.folder, suite.name)
        wanted = Wanted(references_of(experiment), experiment.base, accepted, by_default=open_engine is None)
        judged, referees = appointed_for(suite, wanted, pool, place)
        anchored = any(gate.anchor for gate in gates)
        rules = rules_of(experiment, gates, judged.name, judged.digest if anchored else None)
        if accepted is not None:
            check_suite(accepted, judged.digest)
        opens = pool.open if open_engine is None else partial(open_engine, pool)
        base = experiment.base if accepted is None else None
        opened = _opened(experiment, base, opens)
        shelf = Shelf(store.root, place.listener.progress)
        rehearse(experiment, opened, shelf)
        refs = _known(experiment)
        if experiment.trains:
            refs = making.with_made(refs, experiment, store, place)
        if refs != _known(experiment) and lend_template(experiment, pool, place.listener.note, refs.values()):
            # What was opened before the training had no way to ask the base.
            opened = _opened(experiment, base, opens)
            judged, referees = appointed_for(suite, wanted, pool, place)
        named = {**({BASE: base} if base else {}), **refs}
        if experiment.searched:
            from fteval.experiment.prompts import with_prompts

            experiment = with_prompts(experiment, refs, lambda ref: opened.get(ref) or opens(ref), pool, place)
        engines = [
            (name, altered(opened.get(ref) or opens(ref), experiment, name, shelf)) for name, ref in named.items()
        ]
        look_before(engines, BASE, experiment.allow, place.listener.note)
        check_not_measured(referees, [engine for _, engine in engines])
        held = any(asks_base(one.probe) for one in judged.probes)
        beside = pool.open(experiment.base) if held and experiment.base else None
        yield Prepared(rules, accepted, store, judged, engines, referees, beside, origin, planned)


def _planned(place: Place, origin: Origin | None) -> Planned | None:
    """What the run that --resume names has planned, where that was kept; whether there is such a run is said later."""
    if place.resume is None or origin is None:
        return None
    with suppress(UserError):
        run = results.to_go_on_with(Store(place.store, readonly=True), place.resume)
        return kept.planned(run, origin) if run is not None else None
    return None


def lend_template(
    experiment: Experiment, pool: Pool, tell: Callable[[str], None], refs: Iterable[str] | None = None
) -> bool:
    """A base without a chat template is asked by its candidates'; `refs` are these, else those that were named."""
    if experiment.base is None:
        return False
    known = _known(experiment).values() if refs is None else refs
    lent = preflight.lend_template(pool, experiment.base, list(known))
    if lent is not None:
        tell(lent)
    return lent is not None


def references_of(experiment: Experiment) -> dict[str, str | None]:
    """Probe -> who is to judge beside its rules; None where nothing was said."""
    return {use.name: use.reference or experiment.reference for use in experiment.probes}


def appointed_for(suite: Suite, wanted: Wanted, pool: Pool, place: Place) -> tuple[Suite, Referees | None]:
    """The suite with its judges, and these; what they read is told to the listener."""
    suite, referees = appointed(suite, wanted, pool.open)
    if referees is not None:
        referees.tell = lambda probe, done, total: place.listener.progress(f"judging answers to {probe}", done, total)
    return suite, referees


def concluded(
    grounds: Grounds, records: Sequence[tuple[str, RunRecord]], experiment: Experiment, place: Place
) -> Comparison | RunRecord:
    """What finished runs say: a comparison where there is a base, else the one run."""
    if grounds.accepted is None and len(records) == 1:
        return records[0][1]
    from fteval.experiment import judge  # with it come the statistics, for which no question waits

    if grounds.accepted is not None:
        return judge.compared(grounds.accepted, records, grounds.rules, grounds.store, command=place.command)
    if experiment.base is None:
        raise UserError(
            "several candidates and no base to compare them with",
            fix="add base: to the config, or name it with --against",
        )
    (_, base), *candidates = records
    return judge.compared(base, candidates, grounds.rules, grounds.store, command=place.command)


def _known(experiment: Experiment) -> dict[str, str]:
    """Name -> ref of the candidates that need no training."""
    return {name: use.ref for name, use in experiment.candidates.items() if use.ref is not None}


def _opened(experiment: Experiment, base: str | None, open_engine: Callable[[str], Engine]) -> dict[str, Engine]:
    """All that is there before anything is trained or run: a misspelt path must not cost the hour before it is met."""
    refs = [*([base] if base else []), *_known(experiment).values()]
    return {ref: open_engine(ref) for ref in dict.fromkeys(refs)}


def rehearse(experiment: Experiment, opened: Mapping[str, Engine], shelf: Shelf | None = None) -> None:
    """Tries every alternative before anything is trained: those on a model that is still to be, on its base.

    Raises UserError for all that cannot work, a line each.
    """
    found = []
    for name, use in experiment.candidates.items():
        below = opened.get(use.ref or experiment.base or "")
        try:
            if below is not None:
                altered(below, experiment, name, shelf)
        except UserError as error:
            found.append(error)
    if len(found) == 1:
        raise found[0]
    if found:
        raise UserError("\n".join(line for error in found for line in lines(error)))


def altered(engine: Engine, experiment: Experiment, name: str, shelf: Shelf | None = None) -> Engine:
    """The engine with the alternatives of a candidate, if it has some."""
    use = experiment.candidates.get(name)
    return changed(engine, use.changes, shelf) if use is not None else engine
