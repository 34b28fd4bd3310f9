"""The mean score of one model on one metric, with an interval and a test, and as a report shows it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from fteval.records import Metric, ProbeResult
from fteval.stats import unbounded
from fteval.stats.columns import Column, Interval, as_column, bound, by_group, group_codes, share
from fteval.stats.student import t_quantile, t_tails
from fteval.stats.tango import effective_n, wilson_interval, wilson_z

METHOD = "Wilson interval"


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean in [0, scale] and what it rests on."""

    estimate: float
    """Over what has a score; NaN without a single one."""
    low: float
    high: float
    n: int
    groups: int = 0
    missing: int = 0
    effective: float = 0.0
    """Independent samples that would say as much."""
    p_pass: float = 1.0
    """Chance of a mean so high if the true one were the threshold; 1 without a threshold."""
    p_fail: float = 1.0
    method: str = METHOD


def mean(
    scores: Any,
    groups: Any = None,
    level: float = 0.95,
    *,
    threshold: float | None = None,
    scale: float = 1.0,
) -> Mean:
    """Mean of scores between 0 and `scale`, with an interval that is never a point.

    Wilson's interval on the effective number of samples, with Student's t. Of n × k scores each sample's mean counts.
    None and NaN are never dropped: what is returned is the least favourable of leaving them out, of taking all as 0,
    and as `scale`. Fewer than two groups say nothing.
    """
    column, level = as_column(scores), share(level)
    codes = group_codes(groups, len(column))
    there = np.isfinite(column)
    known = column[there]
    limit = bound(scale, float(np.abs(known).max(initial=0.0)))
    # A score below 0 is outside what was promised: the scale is taken to reach as far down as up.
    ends = (-limit if known.min(initial=0.0) < 0 else 0.0, limit)
    seen = [_interval(known, codes[there], threshold, level, ends)]
    if len(known) < len(column):
        seen += [_interval(np.where(there, column, end), codes, threshold, level, ends) for end in ends]
    plain = seen[0]
    with np.errstate(over="ignore"):
        estimate = float(known.mean()) if len(known) else math.nan
    return Mean(
        estimate=estimate,
        low=min(estimate, *(i.low for i in seen)) if len(known) else ends[0],
        high=max(estimate, *(i.high for i in seen)) if len(known) else ends[1],
        n=len(known),
        groups=plain.groups,
        missing=len(column) - len(known),
        effective=plain.effective,
        p_pass=max(i.p_pass for i in seen),
        p_fail=max(i.p_fail for i in seen),
        method=METHOD + (" over groups" if plain.groups < len(known) else ""),
    )


def _interval(values: Column, codes: Any, threshold: float | None, level: float, ends: tuple[float, float]) -> Interval:
    floor, ceiling = ends
    width = ceiling - floor
    count = len(np.unique(codes))
    if count < 2 or math.isinf(width):
        return Interval(floor, ceiling, 1.0, 1.0, count, float(count))
    p, n = effective_n(*by_group((values - floor) / width, codes))
    low, high = wilson_interval(p, n, t_quantile((1 + level) / 2, count - 1))
    tails = (1.0, 1.0)
    if threshold is not None and not math.isnan(threshold):
        target = (threshold - floor) / width
        if 0 <= target <= 1:
            tails = t_tails(float(wilson_z(p, n, target)), count - 1)
        else:
            tails = (0.0, 1.0) if target < 0 else (1.0, 0.0)
    return Interval(floor + float(low) * width, floor + float(high) * width, *tails, count, float(n))


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
