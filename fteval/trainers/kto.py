"""Kahneman-Tversky optimisation: a model learns from single answers, each said to be good or bad.

Measures nothing; makes a candidate. TRL's KTOTrainer does the work. A row is a prompt, an answer and a label; a pair
counts as two rows, one good and one bad. The reference is the base: an adapter's is the model without it.

Where it comes from  arXiv:2402.01306, and its beta of 0.1. The rates are a fifth of sft's, a choice that nothing here
                     measured
Traps                the distance to the base is estimated in each batch from answers to other prompts of that batch,
                     so a batch, or a part of one, has two rows at least. Labels of one kind alone teach little
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from fteval.data.preferences import read_labelled
from fteval.errors import UserError
from fteval.records import Candidate, Range, Site, ranged
from fteval.trainers.making.base import find_base
from fteval.trainers.making.bench import Bench
from fteval.trainers.making.plan import Training
from fteval.trainers.making.preflight import Preflight, look_at_pairs
from fteval.trainers.making.recipe import LoraRecipe
from fteval.trainers.making.rows import cleaned
from fteval.trainers.making.settle import Rules
from fteval.trainers.making.train_with_trl import Method, train_with_trl


@dataclass(frozen=True, slots=True)
class Recipe(LoraRecipe):
    """Everything that decides the weights beside base and data; what fteval.yaml may set."""

    trainer: ClassVar[str] = "kto"
    version: ClassVar[int] = 1
    rates: ClassVar[dict[str, float]] = {"adapter": 1e-4, "full": 1e-5}
    compares: ClassVar[bool] = True

    beta: float = field(default=0.1, metadata=ranged(Range(above=0)))
    """How much it costs to leave the base; less lets it go further."""
    good_weight: float = field(default=1.0, metadata=ranged(Range(above=0)))
    """Weight of the good answers; where there are fewer of them, as many times more as there are bad ones."""
    bad_weight: float = field(default=1.0, metadata=ranged(Range(above=0)))
    """Weight of the bad ones."""
    max_length: int = field(default=1024, metadata=ranged(Range(2)))
    """Tokens of a prompt with its answer; at most the model's context. What is longer is cut, and said."""

    def rules(self) -> Rules:
        several = self.accumulate > 0 and self.batch_size // self.accumulate > 1
        return {**LoraRecipe.rules(self), "batch_size": (several, "two rows or more in each part of a batch")}


def train(base: str, recipe: Recipe, data: Path, site: Site, *, name: str = "kto") -> Candidate:
    """The candidate that `recipe` makes of `base` and the labelled answers in `data`, registered at the site.

    Raises as sft's.
    """
    rows = cleaned(read_labelled(data))
    if len(rows) == 1:
        raise UserError("one labelled answer is too few: another prompt's is needed beside it", where=str(data))
    training = Training(name, recipe, rows, find_base(base, site.candidates_dir, offline=site.offline), site)
    return train_with_trl(Method(("KTOConfig", "KTOTrainer"), _trainer, _look), training)


def _trainer(bench: Bench[Recipe]) -> Any:
    from trl import KTOConfig, KTOTrainer

    recipe = bench.recipe
    settings = KTOConfig(
        **bench.settings(),
        beta=recipe.beta,
        desirable_weight=recipe.good_weight,
        undesirable_weight=recipe.bad_weight,
        max_length=bench.within_context(recipe.max_length),
        train_sampling_strategy="sequential",  # the distance to the base is prepared batch by batch
    )
    return KTOTrainer(
        model=bench.model(),
        args=settings,
        # Else in the order of the file, where good and bad may be apart.
        train_dataset=bench.dataset().shuffle(seed=recipe.seed),
        processing_class=bench.tokenizer(),
        peft_config=recipe.adapter(),
    )


def _look(bench: Bench[Recipe], trainer: Any) -> Preflight:
    return look_at_pairs(bench, trainer, "completion_ids")
