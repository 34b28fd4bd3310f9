"""Prefix tuning: what every layer remembers of a prompt that was never written is learnt; no weight is changed.

Measures nothing; makes a candidate. TRL's SFTTrainer and PEFT do the work. Rows are those of `sft`. It reaches deeper
than `prompt_tuning`: keys and values of each layer, not only vectors before the first one.

Where it comes from  arXiv:2101.00190; the rate was tried on a tiny model (0.05, 120 steps)
Traps                it needs a high rate and many steps; too high a rate leaves a model that writes nothing of use
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from fteval.records import Candidate, Site
from fteval.trainers.making.learnt_prompt import PromptRecipe
from fteval.trainers.making.supervised import train_on_answers


@dataclass(frozen=True, slots=True)
class Recipe(PromptRecipe):
    """Everything that decides the vectors beside base and data; what fteval.yaml may set."""

    trainer: ClassVar[str] = "prefix_tuning"
    version: ClassVar[int] = 1
    rates: ClassVar[dict[str, float]] = {"adapter": 0.05}

    def adapter(self) -> Any:
        from peft import PrefixTuningConfig

        return PrefixTuningConfig(**self.settings())


def train(base: str, recipe: Recipe, data: Path, site: Site, *, name: str = "prefix_tuning") -> Candidate:
    """The candidate that `recipe` makes of `base` and the conversations in `data`, registered at the site.

    Raises as `train_on_answers`.
    """
    return train_on_answers(base, recipe, data, site, name)
