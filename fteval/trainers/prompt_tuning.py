"""Prompt tuning: a few vectors before the question are learnt, and no weight of the model is changed.

Measures nothing; makes a candidate. TRL's SFTTrainer and PEFT do the work. Rows are those of `sft`. It is what an
optimal system prompt could do, or about that: a few thousand numbers, where LoRA has millions.

Where it comes from  arXiv:2104.08691; the rate of 0.3 there is for models of billions, 0.1 and 120 steps were tried on
                     a tiny one. It starts from vectors of the vocabulary, as section 3.2 found better
Traps                it needs a high rate and many steps, and a small model learns little by it. Padding before a
                     learnt prompt changes answers: the engine asks such prompts by length
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

    trainer: ClassVar[str] = "prompt_tuning"
    version: ClassVar[int] = 1
    rates: ClassVar[dict[str, float]] = {"adapter": 0.1}

    def adapter(self) -> Any:
        from peft import PromptTuningConfig

        return PromptTuningConfig(prompt_tuning_init="SAMPLE_VOCAB", **self.settings())


def train(base: str, recipe: Recipe, data: Path, site: Site, *, name: str = "prompt_tuning") -> Candidate:
    """The candidate that `recipe` makes of `base` and the conversations in `data`, registered at the site.

    Raises as `train_on_answers`.
    """
    return train_on_answers(base, recipe, data, site, name)
