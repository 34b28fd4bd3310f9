"""Score intervals on effective counts: the arithmetic behind `difference` and `mean`, for one data set or thousands.

Arrays have the groups on their last axis; everything before it is broadcast, so that a simulation of 2,000 data sets is
one call. After Tango, Statistics in Medicine 17:891, 1998; docs/statistics.md says what effective counts are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
KAPPA = 5.0
"""Weight of the worst-case variance, in groups that vary."""
_TINY = 1e-15
_STEPS = 60
"""Bisections: the ends are right to 2^-60 of the scale."""


@dataclass(frozen=True, slots=True)
class Effective:
    """Counts of independent pairs that carry as much information as the groups do. Fractions are fine."""

    gains: Any
    losses: Any
    n: Any
    df: int
    """Degrees of freedom: groups - 1."""
    estimate: Any
    """Mean of the differences, each sample with the same weight."""
    se: Any
    """Delete-one-group jackknife standard error of it."""


def effective(sums: Array, sizes: Array) -> Effective:
    """From each group's sum of differences (|difference| at most 1) and its size. At least two groups."""
    sums, sizes = np.broadcast_arrays(np.asarray(sums, float), np.asarray(sizes, float))
    count, n = sums.shape[-1], sizes.sum(-1)
    estimate = sums.sum(-1) / n
    se2 = _jackknife(sums, sizes, estimate)
    gained, lost = np.maximum(sums, 0).sum(-1) / n, np.maximum(-sums, 0).sum(-1) / n
    three_point = gained + lost - estimate**2
    vary = (np.abs(sums) > 1e-12).sum(-1)
    variance = _variance(sums, sizes, gained + lost, estimate**2, se2, vary)
    with np.errstate(divide="ignore", invalid="ignore"):
        known = (vary > 0) & (variance > _TINY) & (three_point > _TINY)
        pairs = np.where(known, count * three_point / variance, n**2 / (sizes**2).sum(-1))
    return Effective(gained * pairs, lost * pairs, pairs, count - 1, estimate, np.sqrt(se2))


def _variance(sums: Array, sizes: Array, moved: Any, square: Any, se2: Any, vary: Any) -> Any:
    """Of one group's mean difference: the larger of the jackknife's and of what the sizes let expect.

    `moved` is the share of the samples that changed. The worst case is every group all or nothing; expected is as much
    of it as the changed groups show.
    """
    count, n = sums.shape[-1], sizes.sum(-1)
    unit = (sizes**2).sum(-1) / (count * (n / count) ** 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        agree = np.where(vary > 0, (sums**2).sum(-1) / (sizes * np.abs(sums)).sum(-1), 1.0)
    shown = np.maximum(count * se2, unit * (agree * moved - square))
    return (vary * shown + KAPPA * (unit * moved - square)) / (vary + KAPPA)


def _jackknife(sums: Array, sizes: Array, estimate: Any) -> Any:
    """Squared standard error of sum(sums) / sum(sizes), leaving out one group at a time."""
    count = sums.shape[-1]
    without = (sums.sum(-1)[..., None] - sums) / (sizes.sum(-1)[..., None] - sizes)
    return (count - 1) / count * ((without - np.asarray(estimate)[..., None]) ** 2).sum(-1)


def tango_z(gains: Any, losses: Any, n: Any, threshold: Any) -> Any:
    """Tango's score statistic of a difference being `threshold`; at 0 it is McNemar's. Falls as the threshold rises."""
    a = 2 * n
    b = -gains - losses + (2 * n - gains + losses) * threshold
    c = -losses * threshold * (1 - threshold)
    lost = (np.sqrt(np.maximum(b * b - 4 * a * c, 0)) - b) / (2 * a)
    gap = gains - losses - n * threshold
    variance = np.maximum(n * (2 * lost + threshold * (1 - threshold)), 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.abs(gap) < 1e-12 * np.maximum(n, 1), 0.0, gap / np.sqrt(variance))


def tango_interval(gains: Any, losses: Any, n: Any, quantile: Any) -> tuple[Any, Any]:
    """The differences whose score statistic lies within +- quantile; both ends in [-1, 1]."""
    gains, losses, n, quantile = np.broadcast_arrays(*(np.asarray(v, float) for v in (gains, losses, n, quantile)))
    estimate = (gains - losses) / n
    target = np.stack([quantile, -quantile])
    left, right = np.stack([np.full_like(estimate, -1.0), estimate]), np.stack([estimate, np.full_like(estimate, 1.0)])
    for _ in range(_STEPS):
        middle = (left + right) / 2
        above = tango_z(gains, losses, n, middle) > target
        left, right = np.where(above, middle, left), np.where(above, right, middle)
    low, high = (left + right) / 2
    return low, high


def effective_n(sums: Array, sizes: Array) -> tuple[Any, Any]:
    """A mean in [0, 1], and how many independent samples would know it as well (Rao & Scott 1992, drawn to the worst
    case while few groups differ from all-right or all-wrong)."""
    sums, sizes = np.broadcast_arrays(np.asarray(sums, float), np.asarray(sizes, float))
    count, n = sums.shape[-1], sizes.sum(-1)
    p = sums.sum(-1) / n
    se2 = _jackknife(sums, sizes, p)
    vary = np.minimum((sums < sizes - 1e-12).sum(-1), (sums > 1e-12).sum(-1))
    # The rarer of right and wrong is what changed.
    rare, share = np.where((p > 0.5)[..., None], sizes - sums, sums), np.minimum(p, 1 - p)
    variance = _variance(rare, sizes, share, share**2, se2, vary)
    with np.errstate(divide="ignore", invalid="ignore"):
        return p, np.where(variance > _TINY, count * p * (1 - p) / variance, n**2 / (sizes**2).sum(-1))


def wilson_z(p: Any, n: Any, threshold: Any) -> Any:
    """The score statistic of a share being `threshold`."""
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (p - threshold) / np.sqrt(threshold * (1 - threshold) / n)
    return np.where(np.abs(p - threshold) < 1e-12, 0.0, z)


def wilson_interval(p: Any, n: Any, quantile: Any) -> tuple[Any, Any]:
    """Wilson's score interval (1927) of a share: never a point, also at 0 and 1."""
    inner = 1 + quantile**2 / n
    middle = (p + quantile**2 / (2 * n)) / inner
    half = quantile / inner * np.sqrt(p * (1 - p) / n + quantile**2 / (4 * n * n))
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)
