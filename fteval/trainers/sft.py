"""Supervised fine-tuning: a model learns to give the answers of a file of conversations.

Measures nothing; makes a candidate. TRL's SFTTrainer does the work. Each assistant turn is learnt, what stands before
it is only read: a row, here, is one answer with its prompt. `lora_rank: 0` trains all weights.

Where it comes from  LoRA: arXiv:2106.09685; on all linear layers: arXiv:2305.14314, section 4
Traps                a stop token outside the loss mask (the model never ends), rows dropped without a word, telemetry,
                     a checkpoint's pickles: each is checked or kept out in making/
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from fteval.data.chat import read_conversations
from fteval.records import Candidate, Range, Site, ranged
from fteval.trainers.making.base import find_base
from fteval.trainers.making.bench import Bench
from fteval.trainers.making.plan import Training
from fteval.trainers.making.preflight import look_at_answers
from fteval.trainers.making.recipe import LoraRecipe
from fteval.trainers.making.rows import cleaned
from fteval.trainers.making.train_with_trl import Method, train_with_trl


@dataclass(frozen=True, slots=True)
class Recipe(LoraRecipe):
    """Everything that decides the weights beside base and data; what fteval.yaml may set."""

    trainer: ClassVar[str] = "sft"
    version: ClassVar[int] = 1
    rates: ClassVar[dict[str, float]] = {"adapter": 5e-4, "full": 5e-5}

    max_length: int = field(default=1024, metadata=ranged(Range(2)))
    """Tokens of a row, prompt and answer; at most the model's context. What is longer is cut, and said."""


def train(base: str, recipe: Recipe, data: Path, site: Site, *, name: str = "sft") -> Candidate:
    """The candidate that `recipe` makes of `base` and the conversations in `data`, registered at the site.

    One that was made of the same record before is returned as it is. Raises UserError for what cannot work, Incomplete
    for a training that diverged or found no room, Interrupted for SIGINT and SIGTERM: nothing is registered then.
    """
    rows = cleaned(read_conversations(data))
    training = Training(name, recipe, rows, find_base(base, site.candidates_dir, offline=site.offline), site)
    return train_with_trl(Method(("SFTConfig", "SFTTrainer"), _trainer, look_at_answers), training)


def _trainer(bench: Bench[Recipe]) -> Any:
    """TRL's trainer with the model as the engine loads it, and the rows tokenised and masked."""
    from trl import SFTConfig, SFTTrainer

    settings = SFTConfig(**bench.settings(), max_length=bench.within_context(bench.recipe.max_length))
    return SFTTrainer(
        model=bench.model(),
        args=settings,
        train_dataset=bench.dataset(),
        processing_class=bench.tokenizer(),
        peft_config=bench.recipe.adapter(),
    )
