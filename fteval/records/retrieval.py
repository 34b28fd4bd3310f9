"""What a search found for the questions of a run: how often the right passage, how often nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

FIELD = "retrieved"
"""Of a run's manifest."""


@dataclass(frozen=True, slots=True)
class Recall:
    """Of one probe's questions."""

    asked: int
    nothing: int
    """Found nothing: asked as they stand."""
    gold: int
    """Say which passages are the right ones, and the corpus has one of them."""
    gold_shown: int
    """Are shown one of these."""
    gold_missing: int
    """Say so, and the corpus has none of them."""
    target: int
    """Want a text."""
    target_shown: int
    """Are shown a passage in which that text stands; it may stand there by chance."""
    leaked: int
    """Are shown a passage in which question and target stand word for word."""


@dataclass(frozen=True, slots=True)
class Retrieved:
    """By one search."""

    by: str
    k: int | None
    """Passages that are shown; None for as many as are right."""
    corpus: int
    """Passages of it."""
    probes: Mapping[str, Recall]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def retrieved(manifest: Mapping[str, Any]) -> Iterator[Retrieved]:
    """Every search of a run, the lowest first."""
    for row in manifest.get(FIELD, ()):
        yield Retrieved(**{**row, "probes": {name: Recall(**counts) for name, counts in row["probes"].items()}})
