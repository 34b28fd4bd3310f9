"""Every outcome of right-or-wrong samples with its probability: error rates without simulation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from fteval.stats.gaffke import tail
from fteval.stats.student import t_quantile
from fteval.stats.tango import Effective, effective, tango_z

_ROWS = 2000
"""Data sets per call: memory, not speed."""


@dataclass(frozen=True)
class Outcomes:
    """What n pairs can show: so many gains and so many losses, and their effective counts."""

    n: int
    gains: NDArray[np.int64]
    losses: NDArray[np.int64]
    counts: Effective

    def chances(self, changed: float, difference: float) -> NDArray[np.float64]:
        """The probability of every outcome, where that share of samples changes with that mean."""
        up, down = (changed + difference) / 2, (changed - difference) / 2
        ties = self.n - self.gains - self.losses
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = [np.where(k > 0, k * np.log(p), 0.0) for k, p in ((self.gains, up), (self.losses, down))]
            logs.append(np.where(ties > 0, ties * np.log1p(-up - down), 0.0))
        ways = gammaln(self.n + 1) - gammaln(self.gains + 1) - gammaln(self.losses + 1) - gammaln(ties + 1)
        return np.exp(ways + sum(logs))

    def decided(self, threshold: float, level: float = 0.95) -> tuple[Any, Any]:
        """For every outcome whether a gate at the threshold passes, and whether it fails."""
        z = tango_z(self.counts.gains, self.counts.losses, self.counts.n, threshold)
        t = t_quantile((1 + level) / 2, self.n - 1)
        alpha = (1 - level) / 2
        passes, fails = z > t, z < -t
        passes[passes] = self._tail(passes, 1, threshold) < alpha
        fails[fails] = self._tail(fails, -1, -threshold) < alpha
        return passes, fails

    def _tail(self, chosen: Any, sign: int, threshold: float) -> Any:
        """Gaffke's tail of the chosen outcomes; with the sign turned, of their losses."""
        up, down = self.gains[chosen], self.losses[chosen]
        counts = np.stack([up, down, self.n - up - down], -1).astype(float)
        return tail(sign * np.array([1.0, -1.0, 0.0]), np.ones(3), threshold, counts, even=True)

    def rates(self, changed: float, difference: float, threshold: float, level: float = 0.95) -> tuple[float, float]:
        """The probabilities of passing and of failing."""
        chance = self.chances(changed, difference)
        passes, fails = self.decided(threshold, level)
        return float(chance[passes].sum()), float(chance[fails].sum())


def outcomes(n: int, most_changed: float = 1.0) -> Outcomes:
    """All outcomes of n pairs of which at most that share changes, up to a probability of 1e-9."""
    most = min(n, int(n * most_changed + 7 * (n * most_changed) ** 0.5 + 7))
    gains, losses = (grid.ravel() for grid in np.mgrid[0 : most + 1, 0 : most + 1])
    keep = gains + losses <= most
    gains, losses = gains[keep], losses[keep]
    parts = [_counts(gains[i : i + _ROWS], losses[i : i + _ROWS], n) for i in range(0, len(gains), _ROWS)]
    columns = {f: np.concatenate([getattr(p, f) for p in parts]) for f in ("gains", "losses", "n", "estimate", "se")}
    return Outcomes(n, gains, losses, Effective(df=n - 1, **columns))


def _counts(gains: Any, losses: Any, n: int) -> Effective:
    place = np.arange(n)
    up, down = place < gains[:, None], place >= n - losses[:, None]
    return effective(up.astype(float) - down, np.ones(n))
