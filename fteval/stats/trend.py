"""Slow loss over many releases: each against one that is kept, because against the last one it is never seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fteval.stats.paired import Difference, difference

PLANNED = 20
"""Releases that one anchor is to serve; they share the error of a false alarm."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Releases against their anchor."""

    differences: tuple[Difference, ...]
    """One per release, with intervals at a level of 1 - (1 - level) / planned."""
    alarms: tuple[bool, ...]

    @property
    def first(self) -> int | None:
        """Place of the first release that is worse than the anchor; None for none."""
        return next((i for i, alarm in enumerate(self.alarms) if alarm), None)


def drift(
    anchor: Any,
    releases: Sequence[Any],
    planned: int = PLANNED,
    groups: Any = None,
    level: float = 0.95,
    scale: float = 1.0,
) -> Drift:
    """Alarms where a release is shown to be worse than the anchor.

    Over `planned` releases together a false alarm has at most chance (1 - level) / 2 (union bound: they share samples
    and anchor, so that control charts for independent points do not hold). Scores are of the same samples in the same
    order, and higher is better.
    """
    apart = level_for(level, max(planned, len(releases), 1))
    found = tuple(difference(anchor, release, groups, 0.0, apart, scale) for release in releases)
    return Drift(found, tuple(d.high < 0 for d in found))


def level_for(level: float, planned: int) -> float:
    """The level of one of `planned` comparisons that together keep `level`."""
    return 1 - (1 - level) / planned
