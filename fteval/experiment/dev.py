"""Dev rows on which prompts are tried: the suite, what it costs to look, and that the hold-out has none of its rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from fteval.alternatives.optimise import Guard, Optimise
from fteval.data.prompts import training_sample
from fteval.data.read import iter_rows
from fteval.engines.pool import Pool
from fteval.errors import UserError, suggest
from fteval.experiment.experiment import Experiment, ProbeUse
from fteval.experiment.place import Place, heard
from fteval.experiment.suite import build_suite
from fteval.records import Engine, Metric, ProbeResult, RunRecord, Sampling, primary
from fteval.runs.asking import execute as runs
from fteval.runs.asking.appoint import Wanted, appointed
from fteval.runs.asking.referees import Referees
from fteval.runs.asking.suite import Suite
from fteval.runs.asking.terms import Terms
from fteval.runs.journal.store import Store
from fteval.stats import units
from fteval.trainers.making.overlap import prompt_digest

SHOWN = 5
"""Rows that an error names."""
FEWEST = 0.5
"""Share of the dev rows that must be judged, else their mean says nothing."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A metric of the dev suite."""

    probe: str
    metric: Metric
    max_drop: float = 0.0

    def mean(self, run: RunRecord) -> float | None:
        """Over what was judged; None where that is less than half."""
        known = self.scored(run)
        return sum(known) / len(known) if known and len(known) >= FEWEST * len(self._of(run).sample_ids) else None

    def scored(self, run: RunRecord) -> list[float]:
        return [value for value in self.by_row(run).values() if value is not None]

    def by_row(self, run: RunRecord) -> dict[str, float | None]:
        """Id of a dev row -> its score."""
        found = self._of(run)
        return dict(zip(found.sample_ids, found.scores[self.metric.name], strict=True))

    def gain(self, value: float, base: float) -> float:
        """By how much a value is better."""
        return value - base if self.metric.better == "higher" else base - value

    def _of(self, run: RunRecord) -> ProbeResult:
        return next(one for one in run.probes if one.probe == self.probe)


@dataclass(frozen=True, slots=True)
class Dev:
    """Everything that a search looks at."""

    suite: Suite
    goal: Goal
    guards: tuple[Goal, ...]
    referees: Referees | None
    store: Store
    place: Place
    sampling: Sampling

    def measured(self, engine: Engine, label: str) -> RunRecord:
        """The engine's answers to the dev rows; what the store has is not asked again."""
        told = heard(f"{label} on dev rows", self.place)
        terms = Terms(referees=self.referees, on_progress=told, command=self.place.command, go_on=self.place.command)
        return runs.execute(self.suite, engine, self.sampling, self.store, terms)


def dev_of(told: Optimise, experiment: Experiment, pool: Pool, store: Path, place: Place) -> Dev:
    """The dev suite with its judges. Raises UserError for probes, metrics and rows that are not there."""
    suite, goal, guards = dev_suite(told, experiment)
    judged, referees = appointed(suite, Wanted({}, experiment.base), pool.open)
    return Dev(judged, goal, guards, referees, Store(store), place, experiment.sampling)


def dev_suite(told: Optimise, experiment: Experiment) -> tuple[Suite, Goal, tuple[Goal, ...]]:
    """What is asked on dev rows, what it is to be good at, and what must not regress. No model is needed."""
    wanted = [Guard(told.probe, told.metric, told.data, None), *told.guards()]
    uses: dict[tuple[str, Path], ProbeUse] = {}
    for one in wanted:
        place = (one.probe, one.data or told.data)
        if place not in uses:
            name = one.probe if all(probe != one.probe for probe, _ in uses) else f"{one.probe}.{len(uses)}"
            uses[place] = replace(_use(one.probe, experiment), name=name, data=place[1], limit=told.limit)
    suite = build_suite(Experiment(probes=tuple(uses.values()), base=experiment.base, allow_code=experiment.allow_code))
    goals = [_goal(one, uses[one.probe, one.data or told.data].name, suite) for one in wanted]
    return suite, goals[0], tuple(goals[1:])


def check_apart(told: Optimise, suite: Suite, where: str | None) -> None:
    """Raises UserError for dev rows that the hold-out asks too, with their lines: what was tuned on proves nothing."""
    asked = {prompt_digest(s.messages): (p.name, s.id) for p in suite.probes for s in p.samples}
    files = dict.fromkeys([told.data, *(guard.data for guard in told.guards() if guard.data is not None)])
    found = []
    for path in files:
        for number, row in iter_rows(path):
            try:
                digest = prompt_digest(training_sample(row).messages)
            except ValueError:  # said where the rows are read
                continue
            if digest in asked:
                probe, sample = asked[digest]
                found.append(f"{path}:{number} is {sample!r} of '{probe}'")
    if found:
        more = f", and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        raise UserError(
            f"optimise: dev rows stand in the hold-out: {'; '.join(found[:SHOWN])}{more}",
            where=where,
            fix="a prompt that is tuned on the hold-out is not judged by it: fteval data split parts the two",
        )


def _use(name: str, experiment: Experiment) -> ProbeUse:
    """The config's probe of that name, or one that is registered."""
    return next((use for use in experiment.probes if use.name == name), ProbeUse(name, name))


def _goal(wanted: Guard, name: str, suite: Suite) -> Goal:
    metrics = next(p for p in suite.probes if p.name == name).probe.metrics
    if not wanted.metric:
        return Goal(name, primary(metrics))
    found = next((m for m in metrics if m.name == wanted.metric), None)
    if found is None:
        hint = suggest(wanted.metric, [m.name for m in metrics])
        raise UserError(f"optimise: probe '{wanted.probe}' has no metric '{wanted.metric}'. {hint}")
    try:
        allowed = wanted.max_drop.of(found.unit) if wanted.max_drop is not None else 0.0
    except ValueError as error:
        raise UserError(f"optimise: {units.name(wanted.probe, wanted.metric)}: 'max_drop' {error}") from None
    return Goal(name, found, allowed)
