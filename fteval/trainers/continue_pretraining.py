"""Continued pretraining: a model goes on learning from plain text, every token of it, as it once was made.

Measures nothing; makes a candidate. TRL's SFTTrainer does the work. No chat template is needed or used: a text, the
end-of-text token, the next one, cut into sequences of `max_length`; nothing is dropped, the last one may be shorter.
The texts are shuffled by the seed before they are joined.

Where it comes from  continued pretraining: arXiv:2004.10964; texts joined with an end token between them, and read
                     across it: arXiv:2005.14165, appendix B
Traps                a chat model unlearns chatting: measure it; facts that were read are seldom recalled when asked
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from fteval.data.texts import read_texts
from fteval.records import Candidate, Range, Site, ranged
from fteval.trainers.making.base import find_base
from fteval.trainers.making.bench import Bench
from fteval.trainers.making.plan import Training
from fteval.trainers.making.preflight import Preflight
from fteval.trainers.making.recipe import LoraRecipe
from fteval.trainers.making.settle import Rules
from fteval.trainers.making.train_with_trl import Method, train_with_trl

_PER_TOKEN = 4
"""Characters, about; only the default number of epochs rests on it."""


@dataclass(frozen=True, slots=True)
class Recipe(LoraRecipe):
    """Everything that decides the weights beside base and data; what fteval.yaml may set.

    `batch_size` counts sequences of `max_length` tokens. Where no epochs are set they are as for other trainers, with
    about 4 characters a token, so that a short text is read 25 times and a long one three times.
    """

    trainer: ClassVar[str] = "continue_pretraining"
    version: ClassVar[int] = 1
    rates: ClassVar[dict[str, float]] = {"adapter": 5e-4, "full": 5e-5}

    max_length: int = field(default=512, metadata=ranged(Range(2)))
    """Tokens of a sequence; at most the model's context."""

    def rules(self) -> Rules:
        return {**LoraRecipe.rules(self), "template": (self.template is None, "none: a text is no conversation")}


def train(base: str, recipe: Recipe, data: Path, site: Site, *, name: str = "continue_pretraining") -> Candidate:
    """The candidate that `recipe` makes of `base` and the texts in `data`, registered at the site; raises as sft's."""
    rows = read_texts(data)
    if recipe.epochs is None and recipe.max_steps is None:
        sequences = math.ceil(sum(len(row["text"]) for row in rows) / _PER_TOKEN / recipe.max_length)
        recipe = dataclasses.replace(recipe, epochs=recipe.resolved(sequences).epochs)
    training = Training(name, recipe, rows, find_base(base, site.candidates_dir, offline=site.offline), site)
    return train_with_trl(Method(("SFTConfig", "SFTTrainer"), _trainer, _look), training)


def _trainer(bench: Bench[Recipe]) -> Any:
    from trl import SFTConfig, SFTTrainer

    length = bench.within_context(bench.recipe.max_length)
    packed = {"max_length": length, "packing": True, "packing_strategy": "wrapped", "shuffle_dataset": True}
    trainer = SFTTrainer(
        model=bench.model(),
        args=SFTConfig(**bench.settings(), **packed),
        train_dataset=bench.dataset(),
        processing_class=bench.tokenizer(),
        peft_config=bench.recipe.adapter(),
    )
    # A last sequence of one token has nothing to predict: alone in its batch, its loss is 0 / 0.
    trainer.train_dataset = trainer.train_dataset.filter(lambda row: len(row["input_ids"]) > 1)
    return trainer


def _look(bench: Bench[Recipe], trainer: Any) -> Preflight:
    lengths = [len(row["input_ids"]) for row in trainer.train_dataset]
    n, length = len(bench.rows), trainer.args.max_length
    said = f"{n:,} texts, {sum(lengths):,} tokens in {len(lengths):,} sequences of up to {length}, all learnt"
    return Preflight((), n, dropped=(), truncated=(), max_length=length, said=said)
