"""What a report says, before it is decided how it looks: rows of strings, in the order in which they are read.

Strings are as they were found; each renderer escapes them for its medium. Signs stand beside words and never alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fteval.records import CandidateResult, Comparison, NoiseFloor
from fteval.reports.view import bands, bill, headline, labels, measured, people, rows, words
from fteval.reports.view.costs import CostView, of_costs
from fteval.reports.view.curve import CurveView, of_curve
from fteval.reports.view.measured import Measured
from fteval.reports.view.pareto import ParetoView, of_pareto
from fteval.reports.view.rows import BehaviourRow, DriftRow, FlipGroup, GateRow, MetricRow
from fteval.reports.view.series import SeriesView, of_series
from fteval.reports.view.table import TextTable
from fteval.stats import units

SLICE = 20
"""Samples of a slice that is listed; a smaller one moves by chance."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer and its reason."""

    word: str
    """`ship`, `do_not_ship`, `cannot_tell`, `incomplete`, `measured`"""
    name: str
    """Of the candidate that it is about."""
    reason: str

    @property
    def phrase(self) -> str:
        """`do not ship`; the candidate's name follows."""
        return PHRASES[self.word]


@dataclass(frozen=True, slots=True)
class CandidateView:
    """One candidate against the base, in reading order."""

    name: str
    verdict: Verdict
    summary: str
    warnings: tuple[str, ...]
    gates: tuple[GateRow, ...]
    gate_notes: tuple[str, ...]
    """Why there are gates that nobody wrote."""
    metrics: tuple[MetricRow, ...]
    legend: str
    noise: tuple[str, ...]
    """How much of each gated or primary metric's uncertainty is the models' own dice."""
    drift: tuple[DriftRow, ...]
    slices: tuple[MetricRow, ...]
    small: int
    """Slices of fewer samples than are listed."""
    bills: tuple[TextTable, ...]
    """What was lost and won, slice by slice."""
    flips: tuple[FlipGroup, ...]
    labels: tuple[TextTable, ...]
    behaviour: tuple[BehaviourRow, ...]
    measured: Measured
    curve: CurveView | None
    """None where nobody watched its training."""
    glossary: tuple[str, ...]
    path: str
    """Where the answers are kept whole."""

    @property
    def leads(self) -> int:
        """Slices that stand out as worse."""
        return sum(row.tone == "bad" for row in self.slices)

    @property
    def slices_title(self) -> str:
        """How many slices stand out, and how many are too small to be listed."""
        small = f"; {self.small:,} with fewer than {SLICE} samples are not listed" if self.small else ""
        return f"Slices, where to look, never gates: {self.leads} of {len(self.slices)} stand out as worse{small}"

    @property
    def quiet(self) -> bool:
        """Nothing is wrong and nothing is shown to have changed."""
        calm = all(m.tone == "same" or (not m.primary and m.tone == "unknown") for m in self.metrics)
        fine = self.verdict.word in ("ship", "measured") and all(g.result == "pass" for g in self.gates)
        return fine and calm and not self.warnings and not any(d.alarm for d in self.drift)


@dataclass(frozen=True, slots=True)
class ComparisonView:
    id: str
    verdict: Verdict
    warnings: tuple[str, ...]
    """Of the base and of the comparison itself; each candidate has its own."""
    crowd: str
    """What several candidates change; empty for one."""
    floor: str
    """What changes when nothing is changed; empty where it was never measured."""
    candidates: tuple[CandidateView, ...]
    """In the order given."""
    series: tuple[SeriesView, ...] = ()
    """Trainings that belong together."""
    in_series: frozenset[str] = frozenset()
    """Candidates of these, which need no page of their own."""
    advice: tuple[str, ...] = ()
    """Whether a fine-tune is needed, and what that may rest on; empty where nothing is to be said."""
    costs: CostView | None = None
    pareto: ParetoView | None = None
    """Quality against cost."""
    people: tuple[TextTable, ...] = ()
    """What people said of answers."""
    people_notes: tuple[str, ...] = ()

    @property
    def chosen(self) -> CandidateView:
        """The candidate that the verdict is about."""
        return next(c for c in self.candidates if c.name == self.verdict.name)

    @property
    def quiet(self) -> bool:
        return not self.warnings and all(c.quiet for c in self.candidates)


PHRASES = {
    "ship": "ship",
    "do_not_ship": "do not ship",
    "cannot_tell": "cannot tell about",
    "incomplete": "incomplete run of",
    "measured": "measured",
}


def of_comparison(comparison: Comparison) -> ComparisonView:
    """The view of a comparison."""
    views = tuple(_candidate(comparison, result) for result in comparison.candidates)
    several = len(views) > 1
    best = best_of(comparison)
    tail = f" (best of {len(views)} candidates)" if several else ""
    return ComparisonView(
        id=comparison.id,
        verdict=Verdict(best.verdict, best.name, best.reason + tail),
        warnings=gravest_first([*_let_pass(comparison), *comparison.warnings]),
        crowd=words.crowd(len(views)) if several else "",
        floor=_floor(comparison),
        candidates=views,
        series=of_series(comparison),
        in_series=frozenset(name for series in comparison.series for name in series.candidates),
        advice=(comparison.advice.sentence, *comparison.advice.notes) if comparison.advice else (),
        costs=of_costs(comparison),
        pareto=of_pareto(comparison),
        people=people.tables(comparison.people),
        people_notes=people.notes(comparison.people),
    )


def best_of(comparison: Comparison) -> CandidateResult:
    """The candidate that the verdict is about."""
    return next((c for c in comparison.candidates if c.name == comparison.chosen), comparison.candidates[0])


def lets_pass(comparison: Comparison) -> bool:
    """Whether the config says that too little evidence shall not block."""
    return comparison.verdict == "cannot_tell" and comparison.exit_code == 0


def _let_pass(comparison: Comparison) -> list[str]:
    return [words.LET_PASS] if lets_pass(comparison) else []


def gravest_first(warnings: Sequence[str]) -> tuple[str, ...]:
    """Each warning once; that only a part of the samples was run comes before anything else."""
    return tuple(sorted(dict.fromkeys(warnings), key=lambda w: not w.startswith("SUBSET")))


def _candidate(comparison: Comparison, result: CandidateResult) -> CandidateView:
    changes = [c for c in result.changes if c.metric.reported]
    gates = tuple(rows.gate_row(g) for g in result.gates)
    cuts = [headline.cut_off(c, result.behaviour) for c in changes]
    metrics = tuple(rows.metric_row(c, rows.tone_of(c), cut) for c, cut in zip(changes, cuts, strict=True))
    sliced = [c for c in result.slices if not c.metric.of]  # the others are in the bill
    large = [c for c in sliced if c.n_paired >= SLICE]
    slices = [rows.metric_row(c, rows.slice_tone(c)) for c in sorted(large, key=rows.worst_first)]
    asked = {(g.gate.probe, g.gate.metric) for g in result.gates}
    splits = [words.split(c) for c in changes if c.metric.primary or (c.probe, c.metric.name) in asked]
    return CandidateView(
        name=result.name,
        verdict=Verdict(result.verdict, result.name, result.reason),
        summary=headline.summary(result, changes),
        warnings=gravest_first(result.warnings),
        gates=gates,
        gate_notes=tuple(dict.fromkeys(g.unwritten for g in gates if g.unwritten)),
        metrics=metrics,
        legend=words.legend([m.tone for m in (*metrics, *slices)]),
        noise=tuple(filter(None, splits)),
        drift=tuple(rows.drift_row(line) for line in sorted(result.drift, key=lambda line: not line.alarm)),
        slices=tuple(slices),
        small=len(sliced) - len(large),
        bills=bill.tables(result),
        flips=rows.flip_groups(result),
        labels=(
            *labels.of_pair(comparison.base.probes, result.run.probes),
            *bands.of_pair(comparison.base.probes, result.run.probes),
        ),
        behaviour=tuple(rows.behaviour_row(b) for b in result.behaviour),
        measured=measured.of_pair(comparison.base, result, comparison.command),
        curve=of_curve(result.curve),
        glossary=words.glossary(comparison, result),
        path=result.run.path,
    )


def _floor(comparison: Comparison) -> str:
    """`Noise floor (the base against itself, another seed): 4 of 600 answers to facts.correct changed.`"""
    shown = {(g.gate.probe, g.gate.metric) for c in comparison.candidates for g in c.gates}
    wanted = [n for n in comparison.noise if n.metric.primary or (n.probe, n.metric.name) in shown]
    return " ".join(_floor_lines(wanted))


def _floor_lines(floors: Sequence[NoiseFloor]) -> Iterator[str]:
    for how in dict.fromkeys(n.how for n in floors):
        counts = [
            f"{n.flipped:,} of {n.n:,} answers to {units.name(n.probe, n.metric.name)}" for n in floors if n.how == how
        ]
        yield f"Noise floor (the base against itself, {how}): {', '.join(counts)} changed."
