"""How many samples would settle a gate that is open."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fteval.records import Gate
from fteval.stats.evidence import CHANGES, Evidence
from fteval.stats.planning import MOST, plan_n
from fteval.stats.student import normal_quantile, t_quantile

POWER = 0.8
"""The chance that so many samples do settle it."""


@dataclass(frozen=True, slots=True)
class Needed:
    """A number of samples and the assumption that it rests on."""

    n: int | None
    """None where no reasonable number would do: the truth seems to be at the limit itself."""
    truth: float
    """The true value that was assumed, as reports show it."""


def needed(gate: Gate, seen: Evidence, level: float) -> Needed | None:
    """Samples after which the gate decides with 80 % chance; None where no number can show it, or nothing is known.

    A guard assumes that the models are equally good: the observed difference would make it circular. Where that many
    were not enough, and for other rules, the truth is assumed to be as measured, which the sentence says.
    """
    if seen.estimate is None or not seen.effective:
        return None
    if gate.rule in ("min", "max") and gate.threshold in (0.0, seen.scale):
        return None
    deff = max(seen.n / seen.effective, 1.0) if seen.groups < seen.n else 1.0
    if gate.rule == "max_drop" and gate.threshold > 0:
        n = plan_n(seen.changed, 0.0, seen.target / seen.scale, POWER, level, deff)
        if n is not None and n > seen.n:
            return Needed(n, 0.0)
    if gate.rule in CHANGES:
        n = plan_n(seen.changed, seen.sign * seen.estimate / seen.scale, seen.target / seen.scale, POWER, level, deff)
    else:
        n = _level_n(seen.estimate / seen.scale, gate.threshold / seen.scale, level, deff)
    # As measured it should have been enough: chance was against it, and it takes a few more at least.
    return Needed(None if n is None else max(n, seen.n + 1), seen.estimate)


def _level_n(share: float, limit: float, level: float, deff: float) -> int | None:
    """The score test's sample size for a share against a limit."""
    gap = abs(share - limit)
    if gap < 1e-6:
        return None
    null, told = math.sqrt(limit * (1 - limit)), normal_quantile(POWER) * math.sqrt(max(share * (1 - share), 0.0))
    n = 2
    while n <= MOST:  # the test has n - 1 degrees of freedom: with few samples a normal quantile promises too much
        wanted = ((t_quantile((1 + level) / 2, n - 1) * null + told) / gap) ** 2
        if wanted <= n:
            return math.ceil(n * deff) if n * deff <= MOST else None
        n = max(n + 1, min(math.ceil(wanted), n + n // 4))
    return None
