"""A model against itself: what changes when nothing was changed, below which no difference means anything."""

from __future__ import annotations

from fteval.records import NoiseFloor, RunRecord
from fteval.stats.change import measure
from fteval.stats.compare import paired


def noise_floor(run: RunRecord, again: RunRecord, *, how: str) -> tuple[NoiseFloor, ...]:
    """One line per reported metric; `how` says what was not the same the second time."""
    floors = []
    for pairing in paired(run, "the same model", again).values():
        for metric in pairing.base.metrics:
            if not metric.reported:
                continue
            seen = measure(metric, pairing.columns(metric.name))
            floors.append(
                NoiseFloor(
                    probe=pairing.base.probe,
                    metric=metric,
                    how=how,
                    n=seen.found.n,
                    flipped=seen.found.changed,
                    difference=seen.found.estimate if seen.found.n else None,
                    low=seen.low if seen.found.n else None,
                    high=seen.high if seen.found.n else None,
                )
            )
    return tuple(floors)
