"""How many samples would settle a gate that is open, in the company of the other gates."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fteval.records import Gate
from fteval.stats.evidence import CHANGES, Evidence
from fteval.stats.planning import MOST, each, plan_n
from fteval.stats.student import normal_quantile, t_quantile
from fteval.stats.tango import wilson_interval


@dataclass(frozen=True, slots=True)
class Needed:
    """A number of samples and the assumption that it rests on."""

    n: int | None
    """None where no reasonable number would do: the truth seems to be at the limit itself."""
    truth: float
    """The true value that was assumed, as reports show it."""
    least: int | None = None
    """Where no more samples change than were seen to; `n` is for as many as the interval of that share has."""
    gates: int = 1
    """Gates that all decide in 4 of 5 cases with so many samples."""


def needed(gate: Gate, seen: Evidence, level: float, gates: int = 1) -> Needed | None:
    """Samples after which all gates decide with 80 % chance; None where no number can show it, or nothing is known.

    A guard assumes that the models are equally good: the observed difference would make it circular. Where that many
    were not enough, and for other rules, the truth is assumed to be as measured, which the sentence says.
    """
    if seen.estimate is None or not seen.effective:
        return None
    if gate.rule in ("min", "max") and gate.threshold in (0.0, seen.scale):
        return None
    deff = max(seen.n / seen.effective, 1.0) if seen.groups < seen.n else 1.0
    power = each(gates)
    shares = (min(seen.changed, 1.0), _most_changed(seen, level))
    if gate.rule == "max_drop" and gate.threshold > 0:
        least, most = (plan_n(q, 0.0, seen.target / seen.scale, power, level, deff) for q in shares)
        if most is not None and most > seen.n:
            return Needed(most, 0.0, max(least or 0, seen.n + 1), gates)
    if gate.rule in CHANGES:
        effect, target = seen.sign * seen.estimate / seen.scale, seen.target / seen.scale
        least, most = (plan_n(q, effect, target, power, level, deff) for q in shares)
    else:
        least = most = _level_n(seen.estimate / seen.scale, gate.threshold / seen.scale, power, level, deff)
    # As measured it should have been enough: chance was against it, and it takes a few more at least.
    least, most = (None if n is None else max(n, seen.n + 1) for n in (least, most))
    return Needed(most, seen.estimate, least, gates)


def _most_changed(seen: Evidence, level: float) -> float:
    """The upper end of the share of samples that change, from the share that was seen to."""
    n = max(seen.effective, 2.0)
    return float(wilson_interval(min(seen.changed, 1.0), n, t_quantile((1 + level) / 2, max(seen.groups - 1, 1)))[1])


def _level_n(share: float, limit: float, power: float, level: float, deff: float) -> int | None:
    """The score test's sample size for a share against a limit."""
    gap = abs(share - limit)
    if gap < 1e-6:
        return None
    null, told = math.sqrt(limit * (1 - limit)), normal_quantile(power) * math.sqrt(max(share * (1 - share), 0.0))
    n = 2
    while n <= MOST:  # the test has n - 1 degrees of freedom: with few samples a normal quantile promises too much
        wanted = ((t_quantile((1 + level) / 2, n - 1) * null + told) / gap) ** 2
        if wanted <= n:
            return math.ceil(n * deff) if n * deff <= MOST else None
        n = max(n + 1, min(math.ceil(wanted), n + n // 4))
    return None
