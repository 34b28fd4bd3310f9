"""How much a candidate's scores differ from its base's on the same samples, with an interval and a test."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from fteval.stats import gaffke
from fteval.stats.columns import Column, Interval, as_column, bound, by_group, group_codes, lengths, share
from fteval.stats.student import t_quantile, t_tails
from fteval.stats.tango import effective, tango_interval, tango_z

METHOD = "Tango's and Gaffke's interval"


@dataclass(frozen=True, slots=True)
class Difference:
    """Mean of candidate - base over the pairs, and what it rests on."""

    estimate: float
    """Over the pairs that have both scores; NaN without a single one."""
    low: float
    high: float
    """With missing scores the interval holds those that all losses and all gains in their place would have."""
    p_pass: float
    """Chance of seeing so much in favour if the true difference were the threshold. Below half of 1 - level exactly
    where `low` is above the threshold."""
    p_fail: float
    """The same against, and for `high`."""
    n: int
    """Pairs with both scores."""
    groups: int
    """Independent groups among them."""
    changed: int
    """Pairs whose score is not the same on both sides."""
    gains: int = 0
    losses: int = 0
    missing: int = 0
    """Pairs of which a score is None, NaN or infinite."""
    effective: float = 0.0
    """Independent pairs that would say as much."""
    base: float = math.nan
    candidate: float = math.nan
    scale: float = 1.0
    """The most that one sample can change: as given, or the largest change seen where that is more."""
    method: str = METHOD


def difference(
    base: Any,
    candidate: Any,
    groups: Any = None,
    threshold: float = 0.0,
    level: float = 0.95,
    scale: float = 1.0,
) -> Difference:
    """Mean of candidate - base over the same samples, with an interval that is never a point, against a threshold.

    `scale` is the most that one sample can change: without a bound there is no guarantee. Of n × k scores each sample's
    mean counts. None and NaN are never dropped: they are taken as what is least favourable. Fewer than two groups say
    nothing. Raises ValueError for columns of different lengths. docs/statistics.md has the methods.
    """
    old, new, level = as_column(base), as_column(candidate), share(level)
    lengths(old, new)
    codes = group_codes(groups, len(old))
    both = np.isfinite(old) & np.isfinite(new)
    before, after = old[both], new[both]
    with np.errstate(over="ignore"):  # an overflow is an infinite change, which nothing bounds
        change = after - before
    limit = bound(scale, float(np.abs(change).max(initial=0.0)))
    seen = [_interval(change, codes[both], threshold, level, limit)]
    if len(change) < len(both):
        # Both extremes on both sides: where groups differ, a gain can widen more than it lifts.
        seen += [_interval(_filled(old, new, both, limit, up), codes, threshold, level, limit) for up in (False, True)]
    plain = seen[0]
    with np.errstate(over="ignore"):
        estimate, level_before, level_after = (float(v.mean()) if len(v) else math.nan for v in (change, before, after))
    # By the size of the scores, so that rounding is no change and a tiny scale has changes too.
    moved = np.abs(change) > 1e-12 * np.maximum(np.abs(before), np.abs(after))
    return Difference(
        estimate=estimate,
        low=min(estimate, *(i.low for i in seen)) if len(change) else -limit,
        high=max(estimate, *(i.high for i in seen)) if len(change) else limit,
        p_pass=max(i.p_pass for i in seen),
        p_fail=max(i.p_fail for i in seen),
        n=len(change),
        groups=plain.groups,
        changed=int(moved.sum()),
        gains=int((moved & (change > 0)).sum()),
        losses=int((moved & (change < 0)).sum()),
        missing=len(both) - len(change),
        effective=plain.effective,
        base=level_before,
        candidate=level_after,
        scale=limit,
        method=METHOD + (" over groups" if plain.groups < len(change) else ""),
    )


def _interval(change: Column, codes: Any, threshold: float, level: float, scale: float) -> Interval:
    """What Tango's and Gaffke's tests both rule out.

    Tango's errs where one side is rare, and where scores are graded, so that a rare loss may not be in the sample:
    there what nobody saw is taken as the worst.
    """
    bounded = math.isfinite(scale)
    sums, sizes = by_group(change / scale if bounded else change, codes)
    count = len(sums)
    if count < 2 or not bounded:
        return Interval(-scale, scale, 1.0, 1.0, count, float(count))
    size = np.abs(change) / scale
    even = not bool(np.any((size > 1e-12) & (size < 1 - 1e-12)))
    found, target = effective(sums, sizes), threshold / scale
    low, high = tango_interval(found.gains, found.losses, found.n, t_quantile((1 + level) / 2, found.df))
    kinds, alpha = gaffke.alike(sums, sizes), (1 - level) / 2
    mirrored = -kinds[0], *kinds[1:]
    low = gaffke.lowest(*kinds, alpha, even=even, most=float(low))
    high = -gaffke.lowest(*mirrored, alpha, even=even, most=-float(high))
    if math.isnan(target):
        tails = (1.0, 1.0)  # no threshold, no proof
    elif abs(target) > 1:
        tails = (0.0, 1.0) if target < 0 else (1.0, 0.0)  # beyond what can happen
    else:
        p_pass, p_fail = t_tails(float(tango_z(found.gains, found.losses, found.n, target)), found.df)
        exact = (float(gaffke.tail(*k[:2], t, k[2], even=even)) for k, t in ((kinds, target), (mirrored, -target)))
        tails = (max(p_pass, next(exact)), max(p_fail, next(exact)))
    return Interval(low * scale, high * scale, *tails, count, float(found.n))


def _filled(old: Column, new: Column, both: Any, scale: float, favour: bool) -> Column:
    """All changes, with an extreme for each pair that lacks a score; a known side of shares keeps its score."""
    known = np.concatenate([old[np.isfinite(old)], new[np.isfinite(new)]])
    if scale == 1.0 and (not len(known) or (known.min() >= 0 and known.max() <= 1)):
        before = np.where(np.isfinite(old), old, 0.0 if favour else 1.0)
        after = np.where(np.isfinite(new), new, 1.0 if favour else 0.0)
        return after - before
    with np.errstate(over="ignore"):
        return np.where(both, new - old, scale if favour else -scale)
