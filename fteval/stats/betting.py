"""Evidence that may be looked at after every sample: a betting e-process for each side of a threshold.

A gambler who bets against "the true difference is at most the threshold" multiplies a stake of 1 with every sample. If
that hypothesis is true the stake stays below 1 / a for ever with probability 1 - a (Ville's inequality), for any
bounded scores, any number of looks, any number of samples (Waudby-Smith & Ramdas, arXiv:2010.09686, with a fixed
mixture of bets). Samples must come in random order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

BETS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 0.95)
"""Shares of the most that may be staked without going broke; small bets find small differences, large ones large."""
SHARE = 0.2
"""Of the error that a gate may make, what stopping early may spend; the test at the planned end has the rest."""


@dataclass(frozen=True, slots=True)
class Risk:
    """What may be wrongly believed, and who shares it (Bonferroni both). Raises ValueError where that is nothing."""

    level: float = 0.95
    share: float = SHARE
    gates: int = 1
    """That may fail the release: they share the error of failing."""
    candidates: int = 1
    """Of which the best may ship: they share the error of passing."""

    def __post_init__(self) -> None:
        if not (0 < self.level < 1 and 0 < self.share <= 1 and min(self.gates, self.candidates) >= 1):
            raise ValueError(f"no error to spend: {self}")

    @property
    def tails(self) -> dict[str, float]:
        """The error that each side may make."""
        alpha = (1 - self.level) / 2 * self.share
        return {"pass": alpha / self.candidates, "fail": alpha / self.gates}


class EProcess:
    """Two bets at a threshold, one that the true mean is above it and one that it is below; fed one group at a time."""

    def __init__(
        self,
        threshold: float = 0.0,
        risk: Risk | None = None,
        *,
        low: float = -1.0,
        high: float = 1.0,
        largest: int = 1,
        bets: Sequence[float] = BETS,
    ) -> None:
        """`low` and `high` bound one score; `largest` is the size of the largest group that will come.

        Raises ValueError for bounds that are none.
        """
        if not (-math.inf < low < high < math.inf and math.isfinite(threshold) and largest >= 1):
            raise ValueError(f"no bets between {low} and {high} at {threshold}, groups of {largest}")
        self.threshold, self.low, self.high, self.largest = threshold, low, high, largest
        self.stakes = {side: 1 / tail for side, tail in (risk or Risk()).tails.items()}
        """What each side must have won to be believed."""
        # The worst score must leave a little: a stake of nothing never recovers.
        self._bets = {
            "pass": [b / max(threshold - low, 1e-9) for b in bets],
            "fail": [b / max(high - threshold, 1e-9) for b in bets],
        }
        self._wealth = {side: [0.0] * len(bets) for side in ("pass", "fail")}  # logarithms
        self.n = 0
        """Groups seen."""
        self.decision: str | None = None
        """`pass` or `fail` from the first moment that one side has won enough."""

    def update(self, total: float | None, size: int = 1) -> str | None:
        """One more group: the sum of its scores and their number; NaN or None where one is missing.

        Returns the decision. A group with a missing score is the worst for passing and the best for failing: neither
        side gains from it. Raises ValueError for a group larger than the largest: bets of that size could lose more
        than all.
        """
        if not 0 < size <= self.largest:
            raise ValueError(f"a group of {size} where the largest was to have {self.largest}")
        self.n += 1
        for side, sign, missing in (("pass", 1.0, self.low), ("fail", -1.0, self.high)):
            known = total if total is not None and math.isfinite(total) else size * missing
            step = sign * (known - self.threshold * size) / self.largest
            wealth = self._wealth[side]
            for i, bet in enumerate(self._bets[side]):
                wealth[i] += math.log(max(1 + bet * step, 1e-300))
        if self.decision is None:
            self.decision = next((side for side in self.stakes if self._won(side)), None)
        return self.decision

    def _won(self, side: str) -> bool:
        # The mean is at most the largest, which is known at once.
        return max(self._wealth[side]) >= math.log(self.stakes[side]) and self.evidence(side) >= self.stakes[side]

    def evidence(self, side: str) -> float:
        """What a stake of 1 on this side (`pass` or `fail`) has become."""
        wealth = self._wealth[side]
        top = max(wealth)
        mean = sum(math.exp(w - top) for w in wealth) / len(wealth)
        return math.exp(min(top + math.log(mean), 700.0))
