"""The mean score of one model on one metric, with an interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fteval.stats.clusters import as_column, clustered
from fteval.stats.student import normal_quantile


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean and what it rests on."""

    estimate: float | None
    low: float | None
    high: float | None
    n: int
    groups: int
    missing: int
    sd: float | None
    method: str


def mean(
    values: Sequence[float | None],
    groups: Sequence[str | None] | None = None,
    level: float = 0.95,
    *,
    bounded: bool = True,
) -> Mean:
    """Mean of the scores that exist. `bounded` for shares, 0 to 1.

    Wilson's interval for ungrouped right-or-wrong scores, else Student t (over groups); None, None where nothing bounds
    it: one sample, or no variation, of an unbounded metric.
    """
    column = as_column(values)
    there = np.isfinite(column)
    missing = len(column) - int(there.sum())
    kept = None if groups is None else [g for g, keep in zip(groups, there, strict=True) if keep]
    column = column[there]
    if not len(column):
        return Mean(None, None, None, 0, 0, missing, None, "nothing scored")
    found = clustered(column, kept)
    n = len(column)
    if bounded and found.groups == n and bool(np.isin(column, (0.0, 1.0)).all()):
        low, high = wilson(found.mean, n, level)
        return Mean(found.mean, low, high, n, n, missing, found.sd, "Wilson interval")
    spread = 1.0 if bounded else float(column.max() - column.min())
    half = found.half_width(level, spread)
    ends: tuple[float | None, float | None] = (None, None)
    if bounded:
        ends = (0.0, 1.0) if half is None else (max(found.mean - half, 0.0), min(found.mean + half, 1.0))
    elif half:
        ends = (found.mean - half, found.mean + half)
    method = "Student t interval" + (" over groups" if found.groups < n else "")
    return Mean(found.mean, *ends, n, found.groups, missing, found.sd, method)


def wilson(share: float, n: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval (1927) of a share of n independent samples: never a point, also at 0 and 1."""
    z = normal_quantile((1 + level) / 2)
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)
