"""Shares that rest on what people said, with intervals."""

from __future__ import annotations

from collections.abc import Sequence

from fteval.records.people import Share


def share_of(values: Sequence[float], groups: Sequence[str | None] | None = None) -> Share:
    """The sum of values from 0 to 1 as `k of n`; the interval is `stats.level.mean`'s, over groups where there are."""
    if not values:
        return Share(0, 0)
    from fteval.stats.level import mean  # with it comes numpy

    found = mean(values, groups)
    return Share(sum(values), len(values), found.low, found.high)
