"""A reward model: it scores an answer to a prompt, and learns to score the chosen one above the rejected one.

Measures nothing; makes what `grpo` and `rloo` can learn from: `rewards: [{reward_model: ID}]`, the chain that "RLHF"
means. It answers no question, so no probe can be run on it. TRL's RewardTrainer does the work, on all weights of the
base with a new score in place of its next word. Rows are those of `dpo`.

Where it comes from  arXiv:2203.02155, section 3.5; scores held near 0: arXiv:2312.09244, and its weight of 0.01. The
                     rate is sft's for all weights
Traps                it likes what the chosen answers have in common, be it their length, and answers that are far from
                     both of a pair it scores by chance: where training goes on for long, that is where it leads
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from fteval.data.preferences import read_pairs
from fteval.errors import UserError
from fteval.records import Candidate, Range, Site, ranged
from fteval.trainers.making.base import check_unchanged, find_base
from fteval.trainers.making.bench import Bench
from fteval.trainers.making.plan import Training
from fteval.trainers.making.preflight import Preflight
from fteval.trainers.making.recipe import TrlRecipe
from fteval.trainers.making.rows import cleaned
from fteval.trainers.making.train_with_trl import Method, train_with_trl


@dataclass(frozen=True, slots=True)
class Recipe(TrlRecipe):
    """Everything that decides the weights beside base and data; what fteval.yaml may set."""

    trainer: ClassVar[str] = "reward_model"
    version: ClassVar[int] = 1
    rates: ClassVar[dict[str, float]] = {"reward": 5e-5}

    centre: float = field(default=0.01, metadata=ranged(Range(0, least_is="off")))
    """Weight of the mean score's distance from 0, so that scores can be added to other rewards; 0 is off."""
    max_length: int = field(default=1024, metadata=ranged(Range(2)))
    """Tokens of a prompt with either answer; at most the model's context. Longer pairs are dropped, and counted."""

    @property
    def kind(self) -> str:
        return "reward"


def train(base: str, recipe: Recipe, data: Path, site: Site, *, name: str = "reward_model") -> Candidate:
    """The reward model that `recipe` makes of `base` and the pairs in `data`, registered at the site.

    Raises as sft's.
    """
    rows = cleaned(read_pairs(data))
    training = Training(name, recipe, rows, find_base(base, site.candidates_dir, offline=site.offline), site)
    return train_with_trl(Method(("RewardConfig", "RewardTrainer"), _trainer, _look), training)


def _trainer(bench: Bench[Recipe]) -> Any:
    from trl import RewardConfig, RewardTrainer

    recipe = bench.recipe
    settings = RewardConfig(
        **bench.settings(),
        max_length=bench.within_context(recipe.max_length),
        center_rewards_coefficient=recipe.centre or None,
        model_init_kwargs={"dtype": "float32", "use_safetensors": True, "local_files_only": True},
    )
    trainer = RewardTrainer(
        model=str(bench.base.located.folder),  # by its path: TRL draws the new score by the seed
        args=settings,
        train_dataset=bench.dataset(),
        processing_class=bench.tokenizer(),
    )
    check_unchanged(bench.base)
    return trainer


def _look(bench: Bench[Recipe], trainer: Any) -> Preflight:
    left, rows, longest = set(trainer.train_dataset["row"]), len(bench.rows), trainer.args.max_length
    if not left:
        raise UserError(
            f"none of {rows} pairs has {longest} tokens or fewer with each answer",
            fix="set a higher max_length, within the model's context, or shorten the rows",
        )
    dropped = tuple(number for number in range(1, rows + 1) if number - 1 not in left)
    return Preflight((), rows, dropped, (), longest, said=f"{len(left):,} pairs to tell apart")
