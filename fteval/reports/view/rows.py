"""Rows of a report: records as strings, before it is decided how they look."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fteval.records import Behaviour, CandidateResult, DriftLine, Flip, GateResult, Metric, MetricChange
from fteval.reports.view.words import UNWRITTEN
from fteval.stats import units

FEW = 10
"""Below so many independent samples a metric without a shown change is `unknown` and not `same`."""
STANDS_OUT = 0.05
"""Of the slices that stand out so much, at most this share is expected to do so by chance."""


@dataclass(frozen=True, slots=True)
class GateRow:
    name: str
    rule: str
    """With what is special about it: an anchor, advisory, nobody's rule."""
    measured: str
    result: str
    reason: str
    short: str
    """The reason without what stands in other columns; of an open gate, how many samples would tell."""
    anchor: str | None
    unwritten: str | None
    """Why there is a gate that nobody wrote; None for a rule of the user's."""

    @property
    def label(self) -> str:
        """`facts.correct`, `facts.correct (anchor v2)`."""
        return f"{self.name} (anchor {self.anchor})" if self.anchor else self.name


@dataclass(frozen=True, slots=True)
class MetricRow:
    tone: str
    """`good`, `bad`, `same`, `stopped` or `unknown`, see `words.SIGNS`."""
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
    unchanged: int
    primary: bool
    unit: str
    """Of the numbers in `bare`."""
    bare: tuple[str, str, str]
    """Base, candidate and change without their unit, for a table that says it once."""
    cut: str
    """How many answers were cut off, where the change may come from them."""

    @property
    def n_in_groups(self) -> str:
        """`420 in 60 groups`, `stopped early after 111 of 1,000`."""
        counted = self.n if self.groups is None else f"{self.n} in {self.groups:,} groups"
        return f"stopped early after {counted}" if self.tone == "stopped" else counted

    @property
    def moves(self) -> str:
        """Samples that got better, got worse, and did neither."""
        return f"{self.better:,} / {self.worse:,} / {self.unchanged:,}"


@dataclass(frozen=True, slots=True)
class FlipGroup:
    """Samples of one metric whose score changed, the worst first."""

    name: str
    worse: int
    better: int
    regressions: tuple[Flip, ...]
    improvements: tuple[Flip, ...]


@dataclass(frozen=True, slots=True)
class BehaviourRow:
    """How a probe's answers look beside their scores; `base → candidate`, or one run's numbers."""

    probe: str
    tokens: str
    seconds: str
    usd: str
    """Per 1,000 answers; empty where no price is known."""
    empty: str
    truncated: str
    errors: str


def behaviour_columns(rows: Sequence[BehaviourRow]) -> list[tuple[str, str]]:
    """(header, field) of the columns that say something."""
    columns = [
        ("tokens per answer", "tokens"), ("seconds per answer", "seconds"), ("USD per 1,000 answers", "usd"),
        ("empty", "empty"), ("cut off", "truncated"), ("failed", "errors"),
    ]  # fmt: skip
    return [(header, name) for header, name in columns if any(getattr(row, name) for row in rows)]


@dataclass(frozen=True, slots=True)
class DriftRow:
    """What became of a metric since a release that was kept."""

    text: str
    alarm: bool


def gate_row(result: GateResult) -> GateRow:
    gate = result.gate
    notes = [
        rule(result),
        *([f"against anchor {gate.anchor}"] if gate.anchor else []),
        *(["advisory"] if gate.advisory else []),
        *([gate.where] if gate.where in UNWRITTEN else []),
    ]
    return GateRow(
        name=units.name(gate.probe, gate.metric, gate.slice),
        rule=" · ".join(notes),
        measured=_measured(result),
        result=result.result,
        reason=result.reason,
        short=_short(result),
        anchor=gate.anchor,
        unwritten=UNWRITTEN.get(gate.where or ""),
    )


_NUMBERS = re.compile(r"; (the (change|true value) is|about \d|the truth seems|no number of).*")


def _short(result: GateResult) -> str:
    """`a loss of up to 5.6 pp is not ruled out, 2.0 pp is allowed; 6,929 to 10,177 samples would tell`."""
    first = _NUMBERS.sub("", result.reason)
    least, most = result.n_needed_least, result.n_needed
    if result.result != "inconclusive" or most is None:
        return first
    many = f"{least:,} to {most:,}" if least is not None and least < most else f"{most:,}"
    return f"{first}; {many} samples would tell"


def rule(result: GateResult) -> str:
    """`max_drop 2.0 pp`."""
    gate, change = result.gate, result.change
    limit = f"{gate.threshold:g}" if change is None else units.threshold(gate, change.metric)
    return f"{gate.rule} {limit}"


def _measured(result: GateResult) -> str:
    change = result.change
    if change is None or change.difference is None:
        return units.NOT_MEASURED
    if result.gate.rule in ("min_gain", "max_drop"):
        number = units.change(change.difference, change.metric)
        interval = units.interval(result.low, result.high, change.metric)
    else:
        number = units.value(change.candidate, change.metric)
        interval = units.level_interval(result.low, result.high, change.metric)
    after = change.scored if result.stopped_after is None else result.stopped_after
    of = f"after {after:,}" + (f" of {change.planned:,}" if change.planned > after else "")
    if change.stopped:
        return f"{number}, exaggerated by stopping; stopped early {of}"
    return f"{number} {interval}" + (f", decided {of}" if result.stopped_after is not None else "")


def tone_of(change: MetricChange) -> str:
    """Whether the interval lies on the good side of 0, on the bad one, or holds it."""
    if change.stopped and change.difference is not None:
        return "stopped"
    if change.low is None or change.high is None:
        return "unknown"
    ends = (change.low, change.high) if change.metric.better == "higher" else (-change.high, -change.low)
    if ends[0] > 0:
        return "good"
    if ends[1] < 0:
        return "bad"
    return "same" if (change.n_paired if change.n_groups is None else change.n_groups) >= FEW else "unknown"


def slice_tone(change: MetricChange) -> str:
    """As `tone_of`, where the number of slices is counted in: one that may stand out by chance does not."""
    tone = tone_of(change)
    if change.q_value is None or tone == "stopped":
        return tone
    if change.q_value < STANDS_OUT and change.difference:
        return "good" if (change.difference > 0) == (change.metric.better == "higher") else "bad"
    return "same" if tone in ("good", "bad") else tone


def metric_row(change: MetricChange, tone: str, cut: str = "") -> MetricRow:
    metric = change.metric
    moved = units.change(change.difference, metric)
    if tone == "stopped":
        interval = "(exaggerated by stopping)"
    else:
        interval = "" if change.difference is None else units.interval(change.low, change.high, metric)
    return MetricRow(
        tone=tone,
        name=units.name(change.probe, metric.name, change.slice),
        n=scored(change.scored, change.planned),
        groups=change.n_groups,
        base=units.value(change.base, metric),
        candidate=units.value(change.candidate, metric),
        change=moved,
        interval=interval,
        better=change.better,
        worse=change.worse,
        unchanged=max(change.n_paired - change.better - change.worse, 0),
        primary=metric.primary,
        unit="%" if metric.unit == "share" else metric.unit,
        bare=(units.level(change.base, metric), units.level(change.candidate, metric), _bare(change)),
        cut=cut,
    )


def _bare(change: MetricChange) -> str:
    return units.NOT_MEASURED if change.difference is None else units.signed(change.difference, change.metric)


def scored(n: int, planned: int, groups: int | None = None) -> str:
    """`420`, `412 of 420` where some are missing, `420 in 60 groups`."""
    shown = f"{n:,}" if n == planned else f"{n:,} of {planned:,}"
    return shown if groups is None else f"{shown} in {groups:,} groups"


def worst_first(change: MetricChange) -> tuple[int, float]:
    """The order of slices: what stands out as worse first, and among equals the larger loss."""
    direction = 1 if change.metric.better == "higher" else -1
    tones = ("bad", "unknown", "stopped", "same", "good")
    return tones.index(slice_tone(change)), direction * (change.difference or 0.0)


def drift_row(line: DriftLine) -> DriftRow:
    name = units.name(line.probe, line.metric.name)
    number = f"{units.change(line.difference, line.metric)} {units.interval(line.low, line.high, line.metric)}"
    at = f"{100 * line.level:.4g} % interval over all releases planned for the anchor, {line.n_paired:,} samples"
    found = "a slow loss, ALARM" if line.alarm else "no slow loss shown"
    return DriftRow(f"Since anchor {line.anchor}: {name} {number} ({at}): {found}", line.alarm)


def flip_groups(result: CandidateResult) -> tuple[FlipGroup, ...]:
    """Flips by metric, the metric with most losses first, the largest change first."""
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


def behaviour_row(b: Behaviour) -> BehaviourRow:
    counts = [f"{old:,} → {new:,}" for old, new in (b.empty, b.truncated, b.errors)]
    both = "not counted" if b.tokens == (None, None) else f"{tokens(b.tokens[0])} → {tokens(b.tokens[1])}"
    return BehaviourRow(b.probe, both, _both(b.seconds, seconds), _both(b.usd, usd), *counts)


def _both(pair: tuple[float | None, float | None], shown: Callable[[float | None], str]) -> str:
    return "" if pair == (None, None) else f"{shown(pair[0])} → {shown(pair[1])}"


def seconds(mean: float | None) -> str:
    """Mean wall time per answer, with two digits that mean something."""
    return "?" if mean is None else f"{mean:.2g}" if mean < 10 else f"{mean:.0f}"


def usd(mean: float | None) -> str:
    """Price of 1,000 answers."""
    return "none" if mean is None else f"{1000 * mean:.2f}" if mean >= 1e-5 else f"{1000 * mean:.4f}"


def answers(n: int) -> str:
    """`1 answer`, `2 answers`."""
    return f"{n} answer" if n == 1 else f"{n:,} answers"


def tokens(mean: float | None) -> str:
    """Mean tokens per answer."""
    return "?" if mean is None else f"{mean:.1f}"


def score(value: float | None, metric: Metric | None = None) -> str:
    """A sample's score: `1`, `0.333`, `not scored`."""
    return "not scored" if value is None else f"{value:g}" if value in (0, 1) else f"{value:.3g}"
