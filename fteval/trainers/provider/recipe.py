"""What a provider's job can be told beside base and data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from fteval.records import Range, ranged
from fteval.trainers.making.settle import Rules, settle


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a job is asked for beside base and data; what fteval.yaml may set. None leaves it to the provider.

    Raises UserError naming every value that means nothing.
    """

    method: Literal["supervised", "dpo", "reinforcement"] = "supervised"
    n_epochs: int | None = field(default=None, metadata=ranged(Range(1)))
    """Passes over the rows."""
    batch_size: int | None = field(default=None, metadata=ranged(Range(1)))
    """Rows per optimizer step."""
    learning_rate_multiplier: float | None = field(default=None, metadata=ranged(Range(above=0)))
    """Of the rate that the provider has for the base."""
    beta: float | None = field(default=None, metadata=ranged(Range(above=0)))
    """Of dpo: how much a change away from the base costs."""
    grader: str | dict[str, Any] | None = None
    """Of reinforcement: what scores an answer, in the provider's form; a JSON file, or what would stand in it."""
    seed: int = field(default=0, metadata=ranged(Range(0, 2**31 - 1)))
    suffix: str | None = None
    """A part of the model's id, at most 64 characters."""
    validation: str | None = None
    """A file of rows that the provider measures the loss on."""
    base_url: str | None = None
    """Of the provider's API. None: that of the base, which is OPENAI_BASE_URL's for `openai:` and `ft:`."""

    def __post_init__(self) -> None:
        settle(self, "hosted", self.rules)

    def rules(self) -> Rules:
        """What one field demands of another, and what is no number's range."""
        graded = (self.grader is not None) == (self.method == "reinforcement")
        return {
            "beta": (self.beta is None or self.method == "dpo", "more than 0, with method dpo"),
            "grader": (graded, "one with method reinforcement, only"),
            "suffix": (self.suffix is None or 0 < len(self.suffix) <= 64, "1 to 64 characters"),
        }
