"""What trainers of a learnt prompt share: vectors before the question, and no weight of the model changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fteval.records import Range, ranged
from fteval.trainers.making.recipe import TrlRecipe


@dataclass(frozen=True, slots=True)
class PromptRecipe(TrlRecipe):
    """A recipe that trains a learnt prompt."""

    virtual_tokens: int = field(default=16, metadata=ranged(Range(1)))
    """Vectors that are learnt; they take as many places of the model's context."""
    max_length: int = field(default=1024, metadata=ranged(Range(2)))
    """Tokens of a row, prompt and answer; at most what the context leaves. What is longer is cut, and said."""

    @property
    def kind(self) -> str:
        return "adapter"

    @property
    def virtual(self) -> int:
        return self.virtual_tokens

    def settings(self) -> dict[str, Any]:
        """What PEFT is told of either kind."""
        return {"task_type": "CAUSAL_LM", "num_virtual_tokens": self.virtual_tokens}
