"""The mean of samples of which some belong together, and how sure it is.

Samples of one group (paraphrases of one question) move together, so the group is the unit: the standard error is the
delete-one-group jackknife, which for groups of one is the ordinary s / sqrt(n), and for groups of equal size the
clustered standard error of Appendix A of arXiv:2411.00640.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fteval.stats.student import t_quantile

Column = NDArray[np.float64]
FEW = 5
"""With fewer groups than this off the commonest value, their spread says little about the spread to expect."""


@dataclass(frozen=True, slots=True)
class Clustered:
    """A mean over grouped samples."""

    mean: float
    groups: int
    sd: float | None
    """Of group means (of samples where each is its own group); None for one group."""
    effective: float
    """Kish's number of equal groups, (sum m)^2 / sum m^2: fewer than `groups` where sizes differ."""
    rare: bool
    """Nearly all groups have the same value: fewer than FEW differ."""

    def half_width(self, level: float, scale: float) -> float | None:
        """Half the width of the Student t interval, never narrower than seeing no variation at all allows.

        t^2 / (n + t^2) of the scale is what n groups without any change leave open (the score interval of Tango 1998
        for no discordant pair, and Wilson's for all alike); a plain t interval would collapse to a point there.
        """
        if self.sd is None:
            return None
        t = t_quantile((1 + level) / 2, self.groups - 1)
        half = t * self.sd / math.sqrt(self.groups)
        return max(half, scale * least_width(self.effective, t)) if self.rare else half


def least_width(effective: float, t: float) -> float:
    """What `effective` independent samples without any variation leave open, as a share of the scale."""
    return t * t / (effective + t * t)


def as_column(values: Sequence[float | None]) -> Column:
    """Scores as an array; None and everything that is no finite number become NaN, to be counted by the caller."""
    column = np.array([np.nan if v is None else v for v in values], dtype=np.float64)
    column[~np.isfinite(column)] = np.nan
    return column


def clustered(values: Column, groups: Sequence[str | None] | None) -> Clustered:
    """Mean of at least one finite value. A group of None is a sample on its own."""
    codes = _codes(groups, len(values))
    sizes = np.bincount(codes).astype(np.float64)
    sums = np.bincount(codes, weights=values)
    count, n = len(sizes), float(len(values))
    mean = float(sums.sum() / n)
    means = np.round(sums / sizes, 12)
    commonest = int(np.unique(means, return_counts=True)[1].max())
    sd = None
    if count > 1:
        without = (sums.sum() - sums) / (n - sizes)
        error = math.sqrt((count - 1) / count * float(((without - mean) ** 2).sum()))
        sd = error * math.sqrt(count)
    return Clustered(mean, count, sd, n * n / float((sizes**2).sum()), count - commonest < FEW)


def _codes(groups: Sequence[str | None] | None, n: int) -> NDArray[Any]:
    if groups is None or all(g is None for g in groups):
        return np.arange(n)
    known: dict[str | int, int] = {}
    # A sample without a group gets its position as key, which no text equals.
    return np.array([known.setdefault(i if g is None else g, len(known)) for i, g in enumerate(groups)])
