"""What a report says, before it is decided how it looks: rows of strings, in the order in which they are read.

Strings are as they were found; each renderer escapes them for its medium. Signs stand beside words and never alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fteval.records import Behaviour, CandidateResult, Comparison, Flip, GateResult, MetricChange
from fteval.reports import measured
from fteval.reports.measured import Measured
from fteval.stats import units
from fteval.stats.gates import DEFAULT

SIGNS = {"good": "▲", "bad": "▼", "same": "≈", "unknown": "?"}
LEGEND = "▲ better   ▼ worse   ≈ no change shown   ? too little to say"
READING = (
    "An interval says what the true difference may be: of intervals made this way, 19 in 20 hold it. "
    "One that holds 0 shows no change, which is not the same as showing that nothing changed."
)
FEW = 10


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
class GateRow:
    name: str
    rule: str
    measured: str
    result: str
    reason: str


@dataclass(frozen=True, slots=True)
class MetricRow:
    tone: str
    """`good`, `bad`, `same` or `unknown`, see SIGNS."""
    name: str
    n: str
    groups: int | None
    """How many questions the samples are paraphrases of; None where each stands alone."""
    base: str
    candidate: str
    change: str
    interval: str
    better: int
    worse: int
    primary: bool

    @property
    def n_in_groups(self) -> str:
        """`420 in 60 groups`."""
        return self.n if self.groups is None else f"{self.n} in {self.groups} groups"


@dataclass(frozen=True, slots=True)
class FlipGroup:
    """Samples of one metric whose score changed, the worst first."""

    name: str
    worse: int
    better: int
    regressions: tuple[Flip, ...]
    improvements: tuple[Flip, ...]


@dataclass(frozen=True, slots=True)
class DriftRow:
    """How a probe's answers look beside their scores; `base → candidate`, or one run's numbers."""

    probe: str
    tokens: str
    empty: str
    truncated: str
    errors: str


@dataclass(frozen=True, slots=True)
class CandidateView:
    """One candidate against the base, in reading order."""

    name: str
    verdict: Verdict
    summary: str
    warnings: tuple[str, ...]
    gates: tuple[GateRow, ...]
    metrics: tuple[MetricRow, ...]
    slices: tuple[MetricRow, ...]
    flips: tuple[FlipGroup, ...]
    drift: tuple[DriftRow, ...]
    measured: Measured


@dataclass(frozen=True, slots=True)
class ComparisonView:
    id: str
    verdict: Verdict
    warnings: tuple[str, ...]
    candidates: tuple[CandidateView, ...]


PHRASES = {
    "ship": "ship",
    "do_not_ship": "do not ship",
    "cannot_tell": "cannot tell about",
    "incomplete": "incomplete run of",
    "measured": "measured",
}


def of_comparison(comparison: Comparison) -> ComparisonView:
    """The view of a comparison; its candidates in the order given."""
    views = tuple(_candidate(comparison, result) for result in comparison.candidates)
    if len(views) == 1:
        verdict = views[0].verdict
    else:
        best = next(c for c in comparison.candidates if c.name == comparison.chosen)
        tail = f" (best of {len(views)} candidates)"
        verdict = Verdict(best.verdict, best.name, best.reason + tail)
    return ComparisonView(comparison.id, verdict, comparison.warnings, views)


def _candidate(comparison: Comparison, result: CandidateResult) -> CandidateView:
    changes = [c for c in result.changes if c.metric.reported]
    return CandidateView(
        name=result.name,
        verdict=Verdict(result.verdict, result.name, result.reason),
        summary=_summary(changes),
        warnings=result.warnings,
        gates=tuple(_gate_row(g) for g in result.gates),
        metrics=tuple(metric_row(c) for c in changes),
        slices=tuple(metric_row(c) for c in sorted(result.slices, key=_worst_first)),
        flips=_flip_groups(result),
        drift=tuple(_drift(b) for b in result.behaviour),
        measured=measured.of_pair(comparison.base, result, comparison.command),
    )


def _summary(changes: Sequence[MetricChange]) -> str:
    """Which probes moved, by their primary metric: `Better on iso_date. Worse on facts.`"""
    found: dict[str, list[str]] = {tone: [] for tone in SIGNS}
    for change in changes:
        if change.metric.primary:
            found[tone_of(change)].append(change.probe)
    words = {"good": "Better on", "bad": "Worse on", "same": "No change shown on", "unknown": "Too little to say on"}
    return " ".join(f"{words[tone]} {', '.join(names)}." for tone, names in found.items() if names)


def tone_of(change: MetricChange) -> str:
    """Whether the interval lies on the good side of 0, on the bad one, or holds it."""
    if change.low is None or change.high is None:
        return "unknown"
    ends = (change.low, change.high) if change.metric.better == "higher" else (-change.high, -change.low)
    if ends[0] > 0:
        return "good"
    if ends[1] < 0:
        return "bad"
    return "same" if (change.n_paired if change.n_groups is None else change.n_groups) >= FEW else "unknown"


def metric_row(change: MetricChange) -> MetricRow:
    metric = change.metric
    return MetricRow(
        tone=tone_of(change),
        name=units.name(change.probe, metric.name, change.slice),
        n=scored(change.scored, change.planned),
        groups=change.n_groups,
        base=units.value(change.base, metric),
        candidate=units.value(change.candidate, metric),
        change=units.change(change.difference, metric),
        interval=units.interval(change.low, change.high, metric) if change.difference is not None else "",
        better=change.better,
        worse=change.worse,
        primary=metric.primary,
    )


def scored(n: int, planned: int, groups: int | None = None) -> str:
    """`420`, `412 of 420` where some are missing, `420 in 60 groups`."""
    shown = str(n) if n == planned else f"{n} of {planned}"
    return shown if groups is None else f"{shown} in {groups} groups"


def _worst_first(change: MetricChange) -> tuple[int, float]:
    direction = 1 if change.metric.better == "higher" else -1
    return ("bad", "unknown", "same", "good").index(tone_of(change)), direction * (change.difference or 0.0)


def _gate_row(result: GateResult) -> GateRow:
    gate, change = result.gate, result.change
    limit, number = f"{gate.threshold:g}", units.NOT_MEASURED
    if change is not None:
        limit = units.threshold(gate, change.metric)
        if gate.rule in ("min_gain", "max_drop"):
            number = units.change(change.difference, change.metric)
            interval = units.interval(result.low, result.high, change.metric)
        else:
            number = units.value(change.candidate, change.metric)
            interval = units.level_interval(result.low, result.high, change.metric)
        number += f" {interval}" if change.difference is not None else ""
    # A rule of the user's is known to the user; one that nobody wrote must say so.
    unwritten = [DEFAULT] if gate.where == DEFAULT else []
    notes = [f"{gate.rule} {limit}", *(["advisory"] if gate.advisory else []), *unwritten]
    return GateRow(
        units.name(gate.probe, gate.metric, gate.slice), " · ".join(notes), number, result.result, result.reason
    )


def _flip_groups(result: CandidateResult) -> tuple[FlipGroup, ...]:
    groups = []
    for change in result.changes:
        flips = [f for f in result.flips if (f.probe, f.metric) == (change.probe, change.metric.name)]
        direction = 1 if change.metric.better == "higher" else -1
        moved = sorted(((direction * (f.candidate_score - f.base_score), i, f) for i, f in enumerate(flips)))
        if flips:
            groups.append(
                FlipGroup(
                    name=units.name(change.probe, change.metric.name),
                    worse=change.worse,
                    better=change.better,
                    regressions=tuple(f for by, _, f in moved if by < 0),
                    improvements=tuple(f for by, _, f in reversed(moved) if by > 0),
                )
            )
    return tuple(sorted(groups, key=lambda g: -g.worse))


def _drift(b: Behaviour) -> DriftRow:
    counts = [f"{old} → {new}" for old, new in (b.empty, b.truncated, b.errors)]
    both = "not counted" if b.tokens == (None, None) else f"{tokens(b.tokens[0])} → {tokens(b.tokens[1])}"
    return DriftRow(b.probe, both, *counts)


def answers(n: int) -> str:
    """`1 answer`, `2 answers`."""
    return f"{n} answer" if n == 1 else f"{n} answers"


def tokens(mean: float | None) -> str:
    """Mean tokens per answer."""
    return "?" if mean is None else f"{mean:.1f}"
