"""Direct preference optimisation: a model learns which of two answers is preferred, with no reward model between.

Measures nothing; makes a candidate. TRL's DPOTrainer does the work. A row is a prompt, a chosen and a rejected answer
(data/preferences.py has the forms). The reference is the base: an adapter's is the model without it.

Where it comes from  arXiv:2305.18290, and its beta of 0.1 (section 6); `sft_weight` is the term that arXiv:2404.19733
                     adds. The rates are a fifth of sft's, a choice that nothing here measured
Traps                it learns which answer is likelier than the other, not that either is likely: both may fall, and
                     every pair be ranked right, while the model writes worse than its base
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from fteval.data.preferences import read_pairs
from fteval.records import Candidate, Range, Site, ranged
from fteval.trainers.making.base import find_base
from fteval.trainers.making.bench import Bench
from fteval.trainers.making.plan import Training
from fteval.trainers.making.preflight import Preflight, look_at_pairs
from fteval.trainers.making.recipe import LoraRecipe
from fteval.trainers.making.rows import cleaned
from fteval.trainers.making.train_with_trl import Method, train_with_trl


@dataclass(frozen=True, slots=True)
class Recipe(LoraRecipe):
    """Everything that decides the weights beside base and data; what fteval.yaml may set."""

    trainer: ClassVar[str] = "dpo"
    version: ClassVar[int] = 1
    rates: ClassVar[dict[str, float]] = {"adapter": 1e-4, "full": 1e-5}
    compares: ClassVar[bool] = True

    beta: float = field(default=0.1, metadata=ranged(Range(above=0)))
    """How much it costs to leave the base; less lets it go further."""
    sft_weight: float = field(default=0.0, metadata=ranged(Range(0, least_is="off")))
    """Weight of learning the chosen answer itself, beside preferring it; 0 is off."""
    max_length: int = field(default=1024, metadata=ranged(Range(2)))
    """Tokens of a prompt with either answer; at most the model's context. What is longer is cut, and said."""


def train(base: str, recipe: Recipe, data: Path, site: Site, *, name: str = "dpo") -> Candidate:
    """The candidate that `recipe` makes of `base` and the pairs in `data`, registered at the site; raises as sft's."""
    rows = cleaned(read_pairs(data))
    training = Training(name, recipe, rows, find_base(base, site.candidates_dir, offline=site.offline), site)
    return train_with_trl(Method(("DPOConfig", "DPOTrainer"), _trainer, _look), training)


def _trainer(bench: Bench[Recipe]) -> Any:
    from trl import DPOConfig, DPOTrainer

    recipe = bench.recipe
    sft = {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, recipe.sft_weight]} if recipe.sft_weight else {}
    settings = DPOConfig(
        **bench.settings(), **sft, beta=recipe.beta, max_length=bench.within_context(recipe.max_length)
    )
    return DPOTrainer(
        model=bench.model(),
        args=settings,
        train_dataset=bench.dataset(),
        processing_class=bench.tokenizer(),
        peft_config=recipe.adapter(),
    )


def _look(bench: Bench[Recipe], trainer: Any) -> Preflight:
    return look_at_pairs(bench, trainer, "chosen_ids", "rejected_ids")
