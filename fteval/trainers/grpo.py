"""Group relative policy optimisation: a model learns from rewards, by comparing its own answers to one prompt.

Measures nothing; makes a candidate. TRL's GRPOTrainer does the work. Rows are prompts, with or without an answer; the
rewards are probes, published rules or functions (making/rewards.py). An answer is pushed by how far its reward lies
from the mean of the answers to the same prompt, in standard deviations.

Where it comes from  GRPO: arXiv:2402.03300; its loss as in DAPO, arXiv:2503.14476, and no KL term: TRL's defaults. The
                     rates were measured: on a model of 135 million weights 3e-4 games the naive reward in 34 steps
Traps                a reward is gamed: read other probes beside it. Where all answers to a prompt are rewarded alike,
                     nothing is learnt from it (`frac_reward_zero_std` in training_log.json)
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from fteval.records import Candidate, Site
from fteval.trainers.making import online
from fteval.trainers.making.bench import Bench


@dataclass(frozen=True, slots=True)
class Recipe(online.OnlineRecipe):
    """Everything that decides the weights beside base and prompts; what fteval.yaml may set."""

    trainer: ClassVar[str] = "grpo"
    version: ClassVar[int] = 1
    rates: ClassVar[dict[str, float]] = {"adapter": 2e-4, "full": 1e-5}


def train(base: str, recipe: Recipe, data: Path, site: Site, *, name: str = "grpo") -> Candidate:
    """The candidate that `recipe` makes of `base` and the prompts in `data`, registered at the site; raises as sft's,
    and UserError for a reward that fails."""
    return online.train_online(_trainer, ("GRPOConfig", "GRPOTrainer"), base, recipe, data, site, name)


def _trainer(bench: Bench[Recipe]) -> Any:
    from trl import GRPOConfig, GRPOTrainer

    return GRPOTrainer(
        model=bench.model(),
        reward_funcs=online.Total(bench),
        args=GRPOConfig(**online.settings(bench)),
        train_dataset=online.prompts(bench, online.at_once(bench.recipe)),
        processing_class=bench.tokenizer(),
        peft_config=bench.recipe.adapter(),
    )
