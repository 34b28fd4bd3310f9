"""A difference averaged over several trainings, with an interval for samples and trainings like these.

Samples and trainings are crossed: every training answers every sample. What the samples leave open, `measure` says of
the mean over the trainings; what the trainings leave open, Student's t on their means, with trainings - 1 degrees of
freedom. The half-widths are joined as the root of their squares (MOVER: Zou & Donner, Statistics in Medicine 27:1693,
2008). What sample and training do to each other is in both, so that the interval is rather too wide.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fteval.records import Metric
from fteval.stats.change import measure
from fteval.stats.columns import Column, as_column
from fteval.stats.pairing import Columns
from fteval.stats.student import t_quantile


@dataclass(frozen=True, slots=True)
class Averaged:
    """Mean of candidate - base over samples and trainings."""

    n: int
    """Samples that have a score on both sides of every training."""
    base: float | None
    candidate: float | None
    difference: float | None
    low: float | None
    high: float | None
    """None where nothing bounds the difference. With one training: for samples alone."""
    turns: tuple[float | None, ...] = ()
    """The candidate's mean after each training."""


def averaged(metric: Metric, trainings: Sequence[Columns], level: float = 0.95) -> Averaged:
    """The difference of each training's columns, all of them over the same samples, in the same order.

    Assumes that trainings vary as a normal distribution does: a rare collapse is not seen in three of them.
    """
    first = trainings[0]
    old, new = (_stacked([getattr(one, side) for one in trainings]) for side in ("base", "candidate"))
    means = Columns(first.ids, list(old.mean(axis=1)), list(new.mean(axis=1)), first.groups)
    seen = measure(metric, means, level)
    there = np.isfinite(old).all(axis=1) & np.isfinite(new).all(axis=1)
    if not there.any():
        return Averaged(0, None, None, None, seen.low, seen.high, (None,) * len(trainings))
    estimate, low, high = seen.found.estimate, seen.low, seen.high
    half = _half((new - old)[there].mean(axis=0), level)
    if low is not None and high is not None and half:
        bound = metric.bound or math.inf
        low, high = (max(-bound, estimate - math.hypot(estimate - low, half)),
                     min(bound, estimate + math.hypot(high - estimate, half)))  # fmt: skip
    turns = tuple(float(value) for value in new[there].mean(axis=0))
    return Averaged(int(there.sum()), seen.found.base, seen.found.candidate, estimate, low, high, turns)


def _stacked(columns: Sequence[Sequence[float | None]]) -> Column:
    return np.stack([as_column(column) for column in columns], axis=1)  # (samples, trainings)


def _half(means: Column, level: float) -> float:
    """Half the width of Student's interval for the mean of the trainings; 0 for one of them, which says nothing."""
    count = len(means)
    if count < 2:
        return 0.0
    return t_quantile((1 + level) / 2, count - 1) * float(means.std(ddof=1)) / math.sqrt(count)
