"""The least that a mean can be, for any scores between two bounds: what was not seen may be as bad as it can be.

Gaffke's bound (2005; Learned-Miller & Thomas, arXiv:1905.06208) gives every group a random weight and one group that
nobody saw, a complete loss, another: p is the chance that the weighted mean is not above the threshold. For right or
wrong it is Clopper & Pearson's exact test, for gains against losses the exact McNemar test; with `even`, where the
unseen group may as well be a complete gain, their mid-p versions. Nothing is tuned. That it never errs more often than
it says is proved for a few cases only and was never seen to fail in enumeration (docs/statistics.md).

Arrays have the groups on their last axis, as in `score`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fteval.stats.tango import Array

_MOST = 4096
"""More different groups than this are rounded first: then no single one matters."""
_GRID = 1024
_NEWTON = 60
_SECANTS = 80


def tail(sums: Any, sizes: Any, threshold: float, counts: Any = 1.0, *, even: bool = False) -> Any:
    """The chance of seeing so much if the mean difference were `threshold`, between -1 and 1, whatever the scores.

    From each group's sum of differences (|difference| at most 1), its size, and how many groups are like it. The group
    that nobody saw has the size that a sample's group has on average.
    """
    sums, sizes, counts = np.broadcast_arrays(*(np.asarray(v, float) for v in (sums, sizes, counts)))
    unseen = (counts * sizes**2).sum(-1) / (counts * sizes).sum(-1)
    seen = np.where(counts > 0, sums - threshold * sizes, 0.0)
    counts = np.concatenate([counts, np.ones_like(unseen)[..., None]], -1)
    ends = [-1.0, 1.0] if even else [-1.0]
    found = [_not_above_zero(np.concatenate([seen, (end - threshold) * unseen[..., None]], -1), counts) for end in ends]
    return sum(found) / len(found)


def lowest(
    sums: Array, sizes: Array, counts: Array, alpha: float, *, even: bool = False, most: float | None = None
) -> float:
    """The least mean difference that is not ruled out: `tail` is below alpha exactly for thresholds under it.

    At most `most`, the mean if it is not given: where that is ruled out, nothing is searched for.
    """
    from scipy.special import ndtri

    wanted = ndtri(alpha)

    def excess(threshold: float) -> float:
        # As normal quantiles, in which the curve is nearly straight.
        return float(ndtri(np.clip(tail(sums, sizes, threshold, counts, even=even), 1e-300, 1 - 1e-16)) - wanted)

    high = float((counts * sums).sum() / (counts * sizes).sum()) if most is None else most
    return _root(excess, -1.0, high) if excess(high) > 0 else high


def alike(sums: Array, sizes: Array) -> tuple[Array, Array, Array]:
    """The different groups and how many there are of each: a million samples are a few kinds."""
    kinds, counts = np.unique(sums + 1j * sizes, return_counts=True)
    if len(kinds) > _MOST:
        rounded = np.round(sums / sizes * _GRID) / _GRID * sizes
        shift = (sums - rounded).sum() / sizes.sum()  # the mean stays what it is
        kinds, counts = np.unique(rounded + 1j * sizes, return_counts=True)
        return kinds.real + shift * kinds.imag, kinds.imag, counts.astype(float)
    return kinds.real, kinds.imag, counts.astype(float)


def _root(rising: Any, low: float, high: float) -> float:
    """Where a rising function crosses zero: regula falsi, Illinois."""
    below, above, last = rising(low), rising(high), 0
    for _ in range(_SECANTS):
        if high - low < 1e-12 or below >= 0:
            break
        middle = float((low * above - high * below) / (above - below))
        found = rising(middle)
        if abs(found) < 1e-10:
            return middle
        if found < 0:
            low, below, above = middle, found, above / 2 if last < 0 else above
        else:
            high, above, below = middle, found, below / 2 if last > 0 else below
        last = -1 if found < 0 else 1
    return low


def _not_above_zero(steps: Array, counts: Array) -> Any:
    """P(sum of steps × standard exponentials <= 0), by the saddlepoint (Lugannani & Rice 1980).

    Against the exact values of exponentials it is right to a fiftieth of p, and never too small below p = 0.1.
    """
    from scipy.special import ndtr

    top, bottom = steps.max(-1), steps.min(-1)
    sure = ~((top > 1e-12) & (bottom < -1e-12))
    one = np.where(sure[..., None], np.where(np.arange(steps.shape[-1]) % 2, 1.0, -1.0), steps)
    t = _saddle(one, counts)
    left = 1 - t[..., None] * one
    bend, twist = (counts * (one / left) ** 2).sum(-1), 2 * (counts * (one / left) ** 3).sum(-1)
    w = np.sign(t) * np.sqrt(np.maximum(2 * (counts * np.log(left)).sum(-1), 0))
    middle = np.abs(w) < 1e-4
    with np.errstate(divide="ignore", invalid="ignore"):
        p = ndtr(w) + np.exp(-w * w / 2) / np.sqrt(2 * np.pi) * (1 / w - 1 / (t * np.sqrt(bend)))
    p = np.where(middle, 0.5 + twist / bend**1.5 / (6 * np.sqrt(2 * np.pi)), p)
    return np.where(sure, np.where(top > 1e-12, 0.0, 1.0), np.clip(p, 0.0, 1.0))


def _saddle(steps: Array, counts: Array) -> Any:
    """Where the cumulant generating function -sum of log(1 - t × step) is least: Newton's steps, kept in a bracket."""
    low, high = 1 / steps.min(-1), 1 / steps.max(-1)
    t = np.zeros_like(low)
    for _ in range(_NEWTON):
        ratio = steps / (1 - t[..., None] * steps)
        slope, bend = (counts * ratio).sum(-1), (counts * ratio**2).sum(-1)
        low, high = np.where(slope < 0, t, low), np.where(slope < 0, high, t)
        step = t - slope / bend
        step = np.where((step > low) & (step < high), step, (low + high) / 2)
        if np.all(np.abs(step - t) <= 1e-10 * np.maximum(np.abs(t), 1e-6)):
            break
        t = step
    return t
