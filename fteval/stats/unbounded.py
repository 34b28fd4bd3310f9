"""Change of a metric that nothing bounds (words, letters per 100): an interval for information, never for a gate."""

from __future__ import annotations

from typing import Any

import numpy as np

from fteval.stats.columns import Column, by_group, group_codes
from fteval.stats.student import t_quantile
from fteval.stats.tango import effective

FEW = 5
"""With fewer groups than this off the commonest value, their spread says little about the spread to expect."""


def interval(values: Column, groups: Any, spread: float, level: float) -> tuple[float, float] | None:
    """Student t on values or differences (group jackknife), widened where few vary; None where nothing can be said.

    `spread` is the range of all scores. There is no guarantee: one sample may change by any amount.
    """
    sums, sizes = by_group(values, group_codes(groups, len(values)))
    if len(sums) < 2 or not spread > 0:
        return None
    found = effective(sums, sizes)  # its counts mean nothing without a bound, its jackknife does
    t = t_quantile((1 + level) / 2, found.df)
    half = t * float(found.se)
    commonest = int(np.unique(np.round(sums / sizes, 12), return_counts=True)[1].max())
    if len(sums) - commonest < FEW:
        # What n groups without any change leave open: t^2 / (n + t^2) of the scale.
        n = float(sizes.sum() ** 2 / (sizes**2).sum())
        half = max(half, spread * t * t / (n + t * t))
    estimate = float(found.estimate)
    return estimate - half, estimate + half
