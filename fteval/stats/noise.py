"""How much of the uncertainty is the models' own dice, which more answers per sample would take away."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def noise_split(base: Any, candidate: Any) -> float:
    """The share of the variance of the mean difference that comes from drawing answers, between 0 and 1.

    Scores as (samples, answers per sample), at least two answers on each side; NaN for a missing one. NaN where it
    cannot be known: one answer per sample, or nothing that varies. Raises ValueError for different numbers of samples.
    """
    sides = [np.asarray(side, dtype=float) for side in (base, candidate)]
    # A plain column has one answer per sample.
    sides = [side[:, None] if side.ndim == 1 else side for side in sides]
    if len(sides[0]) != len(sides[1]):
        raise ValueError(f"{len(sides[0])} samples of the base and {len(sides[1])} of the candidate")
    within = [within_variance(side) for side in sides]
    means = [_means(side) for side in sides]
    change = means[1] - means[0]
    change = change[np.isfinite(change)]
    total = float(change.var(ddof=1)) if len(change) > 1 else 0.0
    return share(sum(within), total)


def share(within: float, total: float) -> float:
    """A part of a variance; NaN where there is none or the part is not known."""
    return min(max(within / total, 0.0), 1.0) if total > 1e-15 and math.isfinite(within) else math.nan


def within_variance(scores: Any) -> float:
    """Variance of one sample's mean over its answers, averaged over the samples with at least two; NaN for none."""
    values = np.asarray(scores, dtype=float)
    there = np.isfinite(values)
    counts = there.sum(1)
    enough = counts > 1
    if not enough.any():
        return math.nan
    known, counts = np.where(there, values, 0.0)[enough], counts[enough]
    mean = known.sum(1) / counts
    squares = np.where(there[enough], (known - mean[:, None]) ** 2, 0.0).sum(1)
    return float((squares / (counts - 1) / counts).mean())


def _means(values: Any) -> Any:
    there = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(there, values, 0.0).sum(1) / there.sum(1)
