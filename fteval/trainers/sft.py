"""Supervised fine-tuning: a model learns to give the answers of a file of conversations.

Measures nothing; makes a candidate. TRL's SFTTrainer does the work. Each assistant turn is learnt, what stands before
it is only read: a row, here, is one answer with its prompt. `lora_rank: 0` trains all weights.

Where it comes from  LoRA: arXiv:2106.09685; on all linear layers: arXiv:2305.14314, section 4
                     the distance to the base: arXiv:2604.15574
Traps                a stop token outside the loss mask (the model never ends), rows dropped without a word, telemetry,
                     a checkpoint's pickles: each is checked or kept out in making/
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from fteval.records import Candidate, Range, Site, ranged
from fteval.trainers.making.recipe import LoraRecipe
from fteval.trainers.making.supervised import train_on_answers


@dataclass(frozen=True, slots=True)
class Recipe(LoraRecipe):
    """Everything that decides the weights beside base and data; what fteval.yaml may set."""

    trainer: ClassVar[str] = "sft"
    version: ClassVar[int] = 1
    rates: ClassVar[dict[str, float]] = {"adapter": 5e-4, "full": 5e-5}

    kl_to_base: float = field(default=0.0, metadata=ranged(Range(0, least_is="off")))
    """Weight of the distance to the base at each learnt token, which keeps old facts (making/held.py); 0 is off, 0.1 a
    beginning. A step takes about twice as long."""
    max_length: int = field(default=1024, metadata=ranged(Range(2)))
    """Tokens of a row, prompt and answer; at most the model's context. What is longer is cut, and said."""


def train(base: str, recipe: Recipe, data: Path, site: Site, *, name: str = "sft") -> Candidate:
    """The candidate that `recipe` makes of `base` and the conversations in `data`, registered at the site.

    Raises as `train_on_answers`.
    """
    return train_on_answers(base, recipe, data, site, name)
