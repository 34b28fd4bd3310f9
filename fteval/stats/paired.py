"""How much a candidate's scores differ from its base's on the same samples, with an interval and a test."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from fteval.stats.columns import Column, as_column, by_group, group_codes, lengths
from fteval.stats.score import effective, tango_interval, tango_z
from fteval.stats.student import t_quantile, t_tails

METHOD = "Tango score interval"


@dataclass(frozen=True, slots=True)
class Difference:
    """Mean of candidate - base over the pairs, and what it rests on."""

    estimate: float
    """Over the pairs that have both scores; NaN without a single one."""
    low: float
    high: float
    """With missing scores the interval holds what the worst and the best of them would have given."""
    p_pass: float
    """Chance of seeing so much in favour if the true difference were the threshold; what is missing taken as losses."""
    p_fail: float
    """The same against; what is missing taken as gains."""
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
    """Mean of candidate - base over the same samples, with an interval that is never a point, tested against a threshold.

    Tango's score interval (1998) on effective counts, Student's t with groups - 1 degrees of freedom: right or wrong,
    graded scores, the means of several answers and groups of paraphrases alike. `scale` is the most that one sample can
    change (1 for shares): a guarantee needs a bound. None and NaN are never dropped: `low` and `p_pass` take them as the
    worst that they can be, `high` and `p_fail` as the best. Fewer than two groups say nothing: the whole scale, both
    tests 1. Raises ValueError for columns of different lengths.
    """
    old, new = as_column(base), as_column(candidate)
    lengths(old, new)
    codes = group_codes(groups, len(old))
    both = np.isfinite(old) & np.isfinite(new)
    change = (new - old)[both]
    limit = max(float(scale), float(np.abs(change).max(initial=0.0)), 1e-300)
    plain = _interval(change, codes[both], threshold, level, limit)
    sides = (plain, plain)
    missing = len(both) - len(change)
    if missing:
        worst, best = (_filled(old, new, both, limit, favour) for favour in (False, True))
        sides = (
            _interval(worst, codes, threshold, level, limit),
            _interval(best, codes, threshold, level, limit),
        )
    return Difference(
        estimate=float(change.mean()) if len(change) else math.nan,
        low=min(plain.low, sides[0].low),
        high=max(plain.high, sides[1].high),
        p_pass=max(plain.p_pass, sides[0].p_pass),
        p_fail=max(plain.p_fail, sides[1].p_fail),
        n=len(change),
        groups=plain.groups,
        changed=int((np.abs(change) > 1e-12).sum()),
        gains=int((change > 1e-12).sum()),
        losses=int((change < -1e-12).sum()),
        missing=missing,
        effective=plain.effective,
        base=float(old[both].mean()) if len(change) else math.nan,
        candidate=float(new[both].mean()) if len(change) else math.nan,
        scale=limit,
        method=METHOD + (" over groups" if plain.groups < len(change) else ""),
    )


@dataclass(frozen=True, slots=True)
class _Interval:
    low: float
    high: float
    p_pass: float
    p_fail: float
    groups: int
    effective: float


def _interval(change: Column, codes: Any, threshold: float, level: float, scale: float) -> _Interval:
    sums, sizes = by_group(change / scale, codes)
    count = len(sums)
    if count < 2:
        return _Interval(-scale, scale, 1.0, 1.0, count, float(count))
    found = effective(sums, sizes)
    low, high = tango_interval(found.gains, found.losses, found.n, t_quantile((1 + level) / 2, found.df))
    target = threshold / scale
    if math.isnan(target):
        tails = (1.0, 1.0)  # no threshold, no proof
    elif abs(target) > 1:
        tails = (0.0, 1.0) if target < 0 else (1.0, 0.0)  # beyond what can happen
    else:
        tails = t_tails(float(tango_z(found.gains, found.losses, found.n, target)), found.df)
    return _Interval(float(low) * scale, float(high) * scale, *tails, count, float(found.n))


def _filled(old: Column, new: Column, both: Any, scale: float, favour: bool) -> Column:
    """All changes, with an extreme for each pair that lacks a score: a known side keeps its score where all are shares."""
    known = np.concatenate([old[np.isfinite(old)], new[np.isfinite(new)]])
    if scale == 1.0 and (not len(known) or (known.min() >= 0 and known.max() <= 1)):
        before = np.where(np.isfinite(old), old, 0.0 if favour else 1.0)
        after = np.where(np.isfinite(new), new, 1.0 if favour else 0.0)
        return after - before
    with np.errstate(invalid="ignore"):
        return np.where(both, new - old, scale if favour else -scale)
