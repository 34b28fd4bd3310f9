"""People's labels and preferences as their files have them, applied to nothing but what they were given for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fteval.records import Answer, Sample, digest
from fteval.records.people import Label, Labels
from fteval.runs.journal import opinions
from fteval.runs.reading.answers import Place

LABELS, PREFERENCES = "labels.jsonl", "preferences.jsonl"
_SAID = ("probe", "sample", "value", "content")
_OF_LABELS, _OF_PREFERENCES = (*_SAID, "metric", "drawn"), (*_SAID, "base", "pairs")
Find = Callable[[Place], tuple[Sample, tuple[Answer, ...]] | None]
"""A sample and the answers to it as they are now."""


def content(sample: Sample, *answers: Answer) -> str:
    """A digest of what somebody judged: another sample or another answer has another one."""
    return digest([sample.content_digest, *([a.text, list(a.more)] for a in answers)])


def labels(run: Path, find: Find) -> Labels:
    """The labels of a run: of each answer and metric the last one."""
    rows, damaged = opinions.read(run / LABELS, _OF_LABELS)
    kept: dict[tuple[str, str, str], Label] = {}
    skipped: set[tuple[str, str, str]] = set()
    changed: set[tuple[str, str, str]] = set()
    for row in rows:
        key = (row["probe"], row["sample"], row["metric"])
        if not _same(row, find((row["probe"], row["sample"]))):
            changed.add(key)
            continue
        changed.discard(key)
        skipped.discard(key)
        drawn = bool(row["drawn"]) or (key in kept and kept[key].drawn)
        if row["value"] == "skip":
            skipped.add(key)
        elif row["value"] is None:
            kept.pop(key, None)
        else:
            kept[key] = Label(float(row["value"]), drawn)
    return Labels(kept, len(skipped), damaged, len(changed))


def asked_for(run: Path, probe: str, metric: str) -> set[str]:
    """Samples that a random order need not show any more: labelled or skipped when it did."""
    done: set[str] = set()
    for row in opinions.read(run / LABELS, _OF_LABELS)[0]:
        if (row["probe"], row["metric"]) == (probe, metric):
            if row["value"] is None:
                done.discard(row["sample"])
            elif row["drawn"]:
                done.add(row["sample"])
    return done


@dataclass(frozen=True, slots=True)
class Preferences:
    """What people preferred of a candidate's answers."""

    values: dict[Place, float]
    """1 for the candidate's answer, 0 for the base's, 0.5 for a tie."""
    skipped: set[Place]
    pairs: dict[str, tuple[int, int]]
    """By probe: samples whose two answers differ, and all."""
    damaged: int
    changed: int


def preferences(run: Path, base: str, find: Find) -> Preferences:
    """The preferences of a candidate's run against this base; `find` gives the base's answer, then its own."""
    rows, damaged = opinions.read(run / PREFERENCES, _OF_PREFERENCES)
    found = Preferences({}, set(), {}, damaged, 0)
    changed: set[Place] = set()
    for row in rows:
        if row["base"] != base:
            continue
        place = (row["probe"], row["sample"])
        if not _same(row, find(place)):
            changed.add(place)
            continue
        found.values.pop(place, None)
        found.skipped.discard(place)
        found.pairs[row["probe"]] = (row["pairs"][0], row["pairs"][1])
        if row["value"] == "skip":
            found.skipped.add(place)
        elif row["value"] is not None:
            found.values[place] = float(row["value"])
    return Preferences(found.values, found.skipped, found.pairs, damaged, len(changed))


def _same(row: dict[str, Any], now: tuple[Sample, tuple[Answer, ...]] | None) -> bool:
    return now is not None and content(now[0], *now[1]) == row["content"]
