"""What was made of a candidate to be shipped, and the proof that it is the candidate still."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fteval.records.comparisons import Comparison


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two models are on the answers of the first, token by token."""

    answers: int
    tokens: int
    kl_mean: float
    """Mean KL(first‖second) a place, in nats, over the whole vocabulary."""
    kl_max: float
    """The largest of one place."""
    nats_mean: float
    """Mean size of the difference of a written token's log-likelihood, in nats."""
    nats_max: float
    top1: float
    """Share of places with the same likeliest token."""


@dataclass(frozen=True, slots=True)
class Exported:
    """An export that was tried."""

    parent: str
    """The candidate's ref."""
    folder: Path
    written: bool
    """False where the proof failed: nothing is left behind then."""
    how: str
    """`merged, bfloat16`."""
    same: int
    """Answers that are the candidate's to the letter."""
    answers: int
    comparison: Comparison
    """The candidate as base, the export as what is judged."""
    likeness: Likeness | None
    """None where it cannot be known: a server tells no distribution."""
    files: Mapping[str, int]
    """Bytes by name."""

    @property
    def exit_code(self) -> int:
        return self.comparison.exit_code
