"""Trainings that belong together: on more and more rows, on this part or that, with another seed each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fteval.records.probes import Metric


@dataclass(frozen=True, slots=True)
class Member:
    """Which training of a series a candidate is."""

    series: str
    kind: str
    """`sizes`, `picks`, `tasks`, or `seeds` where only these differ."""
    part: str
    """On what it was trained: `16` rows, the `clustered` ones, the task `dates`, or `together`."""
    turn: int
    """Which of the trainings on that part, from 0; trainings of one turn share a seed, and an order of the rows."""
    rows: int = 0
    steps: int | None = None
    """Optimizer steps; None where the trainer decides."""
    margin: float | None = None
    """The most that a part may be worse than the last one and still be called enough; a share."""


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """A metric after the trainings on one part: their mean, over the same samples as the base's."""

    part: str
    level: float | None
    turns: tuple[float | None, ...]
    """The level after each training."""
    difference: float | None
    """Mean of candidate - base."""
    low: float | None
    high: float | None
    """Of the difference, for samples and trainings like these; with one training for samples alone."""
    gap: float | None = None
    """Mean of this part - the last one; None of the last one itself."""
    gap_low: float | None = None
    gap_high: float | None = None


@dataclass(frozen=True, slots=True)
class SeriesMetric:
    """What a metric, or a slice of it, came to on each part."""

    probe: str
    metric: Metric
    slice: Mapping[str, str] | None
    n: int
    """Samples with a score on every side."""
    base: float | None
    margin: float | None
    """None where the metric is only shown: nothing bounds it, or its gate is advisory."""
    points: tuple[SeriesPoint, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """All trainings of a series, in the order of their parts."""

    name: str
    kind: str
    parts: tuple[str, ...]
    rows: tuple[int, ...]
    """Of each part."""
    steps: tuple[int | None, ...]
    trainings: int
    """On each part."""
    metrics: tuple[SeriesMetric, ...]
    candidates: tuple[str, ...] = ()
    """Names of all of them."""
    level: float = 0.95
    gained: tuple[str, ...] = ()
    """Metrics shown to be better than the base's after the last part, all of them together at this level."""
    uncounted: Mapping[str, str] = field(default_factory=dict)
    """Probe -> why its metrics are shown and decide nothing."""
    enough: str | None = None
    """The first part that, with all between it and the last one, is shown to be no worse than it by the margins."""
    short: tuple[str, ...] = ()
    """Metrics by which the part before `enough` (or before the last one) is shown to be worse by more than a margin."""
    unsure: tuple[str, ...] = ()
    """Metrics for which that is open."""
