"""Readings that stand in a run's judgements: what references said, without asking them again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fteval.records import Sample
from fteval.records.readings import Limits, Reading
from fteval.runs.journal import codec, lines
from fteval.runs.journal.run import Run


@dataclass(frozen=True, slots=True)
class SavedReadings:
    """The readings of a run's last judgements, and their limits."""

    limits: Mapping[str, Limits]
    numbers: Mapping[tuple[str, str, int], Mapping[str, Any]]
    """By probe, sample and repeat."""

    def of(self, probe: str, sample: Sample, repeat: int, text: str) -> Reading | None:
        """The reading of an answer; None where the probe had no reference."""
        limits = self.limits.get(probe)
        if limits is None:
            return None
        found = self.numbers.get((probe, sample.id, repeat))
        if found is None:
            return Reading(None, None, 0, limits, "its reading was not kept: run the model again")
        return Reading(**found, limits=limits)


def saved_readings(run: Run) -> SavedReadings:
    """What the run's journal holds of its references; nothing where it had none."""
    limits: dict[str, Limits] = {}
    numbers: dict[tuple[str, str, int], Mapping[str, Any]] = {}
    for row in lines.read(run.scores):
        if row.get("limits"):
            limits[row["probe"]] = codec.from_json(Limits, row["limits"])
        elif row.get("reading"):
            numbers[row["probe"], row["sample"], row["repeat"]] = row["reading"]
    return SavedReadings(limits, numbers)
