"""How well a number tells good answers from bad ones, and where to draw the line."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from fteval.records.readings import Limit

LEAST_AUC = 0.9
"""A judge below it is no judge."""
FEWEST = 40
"""Answers; below, neither the area nor a quantile says much."""


def auc(low: Sequence[float], high: Sequence[float]) -> float:
    """Chance that one of `high` is above one of `low`, ties half (Mann & Whitney 1947). Both must hold a number."""
    ranked = sorted(low)
    above = sum(bisect_left(ranked, value) + bisect_right(ranked, value) for value in high)
    return above / 2 / len(ranked) / len(high)


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie, between neighbours in proportion."""
    ranked = sorted(values)
    place = share * (len(ranked) - 1)
    below, part = int(place), place - int(place)
    return ranked[below] + (part * (ranked[below + 1] - ranked[below]) if part else 0.0)


def limit(good: Sequence[float], bad: Sequence[float], share: float, *, high_is_bad: bool) -> Limit:
    """The line that leaves `share` of the bad ones on the good side, and the share of the good ones beyond it.

    No value where there are too few of them, or where the number does not tell one from the other.
    """
    n = min(len(good), len(bad))
    if n < FEWEST:
        return Limit(None, reason=f"{n} answers to calibrate the reference on, wanted {FEWEST}")
    area = auc(good, bad) if high_is_bad else auc(bad, good)
    if area < LEAST_AUC:
        return Limit(None, auc=area, reason=f"the reference cannot tell good answers from bad ones (AUC {area:.2f})")
    line = quantile(bad, share if high_is_bad else 1 - share)
    beyond = sum(value > line if high_is_bad else value < line for value in good)
    return Limit(line, auc=area, false_alarms=beyond / len(good))
