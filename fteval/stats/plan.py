"""How many samples would settle what is still open."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fteval.stats.clusters import least_width
from fteval.stats.student import normal_quantile, t_quantile

POWER = 0.8
"""The chance that so many samples do settle it."""
MOST = 10_000_000


@dataclass(frozen=True, slots=True)
class Open:
    """What is known where a gate stays undecided, in the direction in which more is better."""

    estimate: float
    target: float
    """What must be exceeded: −margin of a guard, the gain of a target, a level."""
    sd: float
    n: int
    groups: int
    rare: bool
    scale: float


@dataclass(frozen=True, slots=True)
class Needed:
    """A number of samples and the assumption that it rests on."""

    n: int | None
    """None where no reasonable number would do: the truth seems to be at the target itself."""
    truth: float
    """The true value that was assumed."""


def needed(open_: Open, *, guard: bool, level: float = 0.95) -> Needed:
    """Samples after which the interval decides with 80 % chance.

    A guard assumes that the models are equally good (the observed difference would make it circular); where that many
    were not enough, and for other rules, the truth is assumed to be as estimated.
    """
    if guard and open_.target < 0:
        found = _samples(open_, 0.0, level)
        if found is not None and found > open_.n:
            return Needed(found, 0.0)
    found = _samples(open_, open_.estimate, level)
    return Needed(None if found is None else max(found, open_.n + 1), open_.estimate)


def _samples(open_: Open, truth: float, level: float) -> int | None:
    distance = abs(truth - open_.target)
    if distance < 1e-6 * max(open_.scale, open_.sd) or not open_.groups:
        return None  # millions of millions of samples
    z = normal_quantile((1 + level) / 2) + normal_quantile(POWER)
    groups = (z * open_.sd / distance) ** 2
    if open_.rare:
        groups = max(groups, _without_change(distance / open_.scale, level))
    n = groups * open_.n / open_.groups
    return math.ceil(n) if n <= MOST else None


def _without_change(share: float, level: float) -> float:
    """Groups from which on seeing no change at all leaves less open than `share` of the scale."""
    z = normal_quantile((1 + level) / 2)
    groups = max(2, math.floor(z * z * (1 / share - 1)))
    while groups < MOST and least_width(groups, t_quantile((1 + level) / 2, groups - 1)) >= share:
        groups += 1
    return groups
