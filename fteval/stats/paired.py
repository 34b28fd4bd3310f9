"""How much a candidate's scores differ from its base's on the same samples, with an interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fteval.stats.clusters import as_column, clustered

METHOD = "paired Student t interval"


@dataclass(frozen=True, slots=True)
class Difference:
    """Mean of candidate - base over the pairs, and what it rests on."""

    estimate: float | None
    """None without a single pair."""
    low: float | None
    high: float | None
    """None where nothing bounds the difference: fewer than two groups, or no variation, of an unbounded metric."""
    n: int
    """Pairs with a score on both sides."""
    groups: int
    changed: int
    better: int
    worse: int
    sd: float | None
    """Standard deviation of the differences (of group means, with groups)."""
    base: float | None = None
    candidate: float | None = None
    missing: int = 0
    """Pairs left out because a side is None, NaN or infinite."""
    rare: bool = False
    """So few samples changed that the interval is what their number alone allows."""
    scale: float = 1.0
    """The most that one sample can change: given, or the range of all scores."""
    method: str = METHOD


def difference(
    base: Sequence[float | None],
    candidate: Sequence[float | None],
    groups: Sequence[str | None] | None = None,
    level: float = 0.95,
    *,
    better: str = "higher",
    scale: float | None = 1.0,
) -> Difference:
    """Mean of candidate - base over the same samples, with an interval that is never a point.

    Student t on paired differences; with groups on the group jackknife, groups - 1 degrees of freedom. Where fewer than
    five samples differ from the rest, no narrower than their number allows without any change. `scale` is the most that
    one sample can change: 1 for shares, None for an unbounded metric, where the range of all scores stands in for it.
    """
    if len(base) != len(candidate) or (groups is not None and len(groups) != len(base)):
        raise ValueError(f"columns of different lengths: {len(base)} and {len(candidate)}")
    old, new = as_column(base), as_column(candidate)
    both = np.isfinite(old) & np.isfinite(new)
    missing = len(both) - int(both.sum())
    old, new = old[both], new[both]
    if not len(old):
        return Difference(None, None, None, 0, 0, 0, 0, 0, None, missing=missing)
    change = new - old
    kept = None if groups is None else [g for g, keep in zip(groups, both, strict=True) if keep]
    found = clustered(change, kept)
    limit = max(scale, float(np.abs(change).max())) if scale is not None else None
    spread = limit if limit is not None else float(max(old.max(), new.max()) - min(old.min(), new.min()))
    half = found.half_width(level, spread)
    low, high = (None, None) if not half else (found.mean - half, found.mean + half)
    if limit is not None:
        low = -limit if low is None else max(low, -limit)
        high = limit if high is None else min(high, limit)
    up, down = int((change > 1e-12).sum()), int((change < -1e-12).sum())
    method = METHOD + (" over groups" if found.groups < len(change) else "")
    method += ", widened: few changed" if found.rare else ""
    return Difference(
        estimate=found.mean,
        low=low,
        high=high,
        n=len(change),
        groups=found.groups,
        changed=up + down,
        better=up if better == "higher" else down,
        worse=down if better == "higher" else up,
        sd=found.sd,
        base=float(old.mean()),
        candidate=float(new.mean()),
        missing=missing,
        rare=found.rare,
        scale=spread,
        method=method,
    )
