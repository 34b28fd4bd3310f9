"""REINFORCE, leave one out: a model learns from rewards; each answer is measured against the others to its prompt.

Measures nothing; makes a candidate. TRL's RLOOTrainer does the work. Rows and rewards are those of `grpo`. The baseline
of an answer is the mean reward of the other answers to its prompt, and no standard deviation divides: a prompt whose
answers hardly differ moves the model little. With a reward model this is the chain that "RLHF" means; TRL has no PPO
any more.

Where it comes from  arXiv:2402.14740; TRL's defaults: beta 0.05, the weight of the distance to the base. Rates as
                     grpo's; the 8 answers to a prompt too, where TRL draws 2
Traps                as grpo's
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from fteval.records import Candidate, Range, Site, ranged
from fteval.trainers.making import online
from fteval.trainers.making.bench import Bench


@dataclass(frozen=True, slots=True)
class Recipe(online.OnlineRecipe):
    """Everything that decides the weights beside base and prompts; what fteval.yaml may set."""

    trainer: ClassVar[str] = "rloo"
    version: ClassVar[int] = 1
    rates: ClassVar[dict[str, float]] = {"adapter": 2e-4, "full": 1e-5}

    beta: float = field(default=0.05, metadata=ranged(Range(0, least_is="off")))
    """Weight of the distance (KL) to the base, taken off the reward; 0 is off."""


def train(base: str, recipe: Recipe, data: Path, site: Site, *, name: str = "rloo") -> Candidate:
    """The candidate that `recipe` makes of `base` and the prompts in `data`, registered at the site. Raises as
    grpo's."""
    return online.train_online(_trainer, ("RLOOConfig", "RLOOTrainer"), base, recipe, data, site, name)


def _trainer(bench: Bench[Recipe]) -> Any:
    from trl import RLOOConfig, RLOOTrainer

    return RLOOTrainer(
        model=bench.model(),
        reward_funcs=online.Total(bench),
        args=RLOOConfig(**online.settings(bench)),
        train_dataset=online.prompts(bench, online.at_once(bench.recipe)),
        processing_class=bench.tokenizer(),
        peft_config=bench.recipe.adapter(),
    )
