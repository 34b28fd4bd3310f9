"""The mean score of one model on one metric, with an interval and a test."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from fteval.stats.columns import Column, as_column, by_group, group_codes
from fteval.stats.score import effective_n, wilson_interval, wilson_z
from fteval.stats.student import t_quantile, t_tails

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

    Wilson's interval on the effective number of independent samples, Student's t with groups - 1 degrees of freedom;
    for ungrouped right-or-wrong scores that is Wilson's own on n. None and NaN are never dropped: `low` and `p_pass`
    take them as 0, `high` and `p_fail` as `scale`. Fewer than two groups say nothing.
    """
    column = as_column(scores)
    codes = group_codes(groups, len(column))
    there = np.isfinite(column)
    known = column[there]
    limit = max(float(scale), float(known.max(initial=0.0)), 1e-300)
    # A score below 0 is none; its distance counts, so that it cannot make an interval narrower.
    limit = max(limit, -float(known.min(initial=0.0)))
    plain = _interval(known, codes[there], threshold, level, limit)
    sides = (plain, plain)
    missing = len(column) - len(known)
    if missing:
        worst, best = (np.where(there, column, fill) for fill in (0.0, limit))
        sides = (
            _interval(worst, codes, threshold, level, limit),
            _interval(best, codes, threshold, level, limit),
        )
    return Mean(
        estimate=float(known.mean()) if len(known) else math.nan,
        low=min(plain[0], sides[0][0]),
        high=max(plain[1], sides[1][1]),
        n=len(known),
        groups=plain[4],
        missing=missing,
        effective=plain[5],
        p_pass=max(plain[2], sides[0][2]),
        p_fail=max(plain[3], sides[1][3]),
        method=METHOD + (" over groups" if plain[4] < len(known) else ""),
    )


def _interval(
    values: Column, codes: Any, threshold: float | None, level: float, scale: float
) -> tuple[float, float, float, float, int, float]:
    """low, high, p_pass, p_fail, groups, effective n."""
    sums, sizes = by_group(np.clip(values / scale, 0.0, 1.0), codes)
    count = len(sums)
    if count < 2:
        return 0.0, scale, 1.0, 1.0, count, float(count)
    p, n = effective_n(sums, sizes)
    low, high = wilson_interval(p, n, t_quantile((1 + level) / 2, count - 1))
    tails = (1.0, 1.0)
    if threshold is not None and not math.isnan(threshold):
        target = threshold / scale
        if 0 <= target <= 1:
            tails = t_tails(float(wilson_z(p, n, target)), count - 1)
        else:
            tails = (0.0, 1.0) if target < 0 else (1.0, 0.0)
    return float(low) * scale, float(high) * scale, *tails, count, float(n)
