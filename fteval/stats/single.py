"""The mean of one metric of one run, as a report shows it: nothing to compare with, nothing to judge."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fteval.records import Metric, ProbeResult
from fteval.stats import unbounded
from fteval.stats.columns import as_column
from fteval.stats.level import mean


@dataclass(frozen=True, slots=True)
class Level:
    """A mean and what it rests on."""

    estimate: float | None
    low: float | None
    high: float | None
    """None where nothing bounds the metric and nothing varies."""
    n: int
    groups: int
    missing: int
    method: str


def level_of(probe: ProbeResult, metric: Metric, level: float = 0.95) -> Level:
    """The mean over the samples that have a score; its interval holds what those without one might have had."""
    scores, groups = probe.scores[metric.name], probe.groups
    if metric.partial:
        partly = frozenset(probe.partly.get(metric.name, ()))
        rows = zip(scores, groups, strict=True)
        kept = [(s, g) for place, (s, g) in enumerate(rows) if s is not None or place in partly]
        scores, groups = [s for s, _ in kept], tuple(g for _, g in kept)
    found = mean(scores, groups, level, scale=metric.bound or 1.0)
    ends: tuple[float | None, float | None] = (found.low, found.high)
    method = found.method
    if metric.bound is None:
        column = as_column(scores)
        there = np.isfinite(column)
        inside = [g for g, keep in zip(groups, there, strict=True) if keep]
        known = column[there]
        spread = float(known.max() - known.min()) if len(known) else 0.0
        ends, method = unbounded.interval(known, inside, spread, level) or (None, None), "Student t, for information"
    estimate = None if math.isnan(found.estimate) else found.estimate
    return Level(estimate, *ends, found.n, found.groups, found.missing, method)
