"""What a trainer's file makes TRL's own trainer of: settings, model, tokenizer and rows, as the recipe says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from fteval.engines.local.chat import Chat
from fteval.trainers.making.base import Base, check_unchanged
from fteval.trainers.making.recipe import TrlRecipe

R = TypeVar("R", bound=TrlRecipe)


@dataclass(frozen=True, slots=True)
class Bench(Generic[R]):
    """All that a training works on, in the place where its candidate is made."""

    recipe: R
    """With a number for every None but `threads`."""
    rows: Sequence[Mapping[str, Any]]
    base: Base
    chat: Chat
    place: Path
    device: str
    processes: int = 1
    """That share each batch."""
    sharded: bool = False
    """Whether each of them has a part of the model."""
    vllm: str | None = None
    """The server that draws answers."""

    def settings(self) -> dict[str, Any]:
        """What each of TRL's configs is told; a method adds its own."""
        recipe, constant = self.recipe, self.recipe.schedule == "constant"
        return {
            "output_dir": str(self.place),  # TRL saves nothing: save_strategy
            "seed": recipe.seed,
            "data_seed": recipe.seed,
            "full_determinism": True,
            "num_train_epochs": recipe.epochs or 1.0,
            "max_steps": recipe.max_steps or -1,
            "per_device_train_batch_size": recipe.batch_size // recipe.accumulate // self.processes,
            "gradient_accumulation_steps": recipe.accumulate,
            "learning_rate": recipe.rate,
            "lr_scheduler_type": "constant_with_warmup" if constant else recipe.schedule,
            "warmup_steps": recipe.warmup if recipe.warmup < 1 else int(recipe.warmup),
            "weight_decay": recipe.weight_decay,
            "max_grad_norm": recipe.max_grad_norm,
            "bf16": recipe.precision == "bfloat16",
            "use_cpu": self.device == "cpu",
            **_ALWAYS,
            "dataloader_pin_memory": self.device != "cpu",
        }

    def within_context(self, tokens: int) -> int:
        """So many tokens, or what the model can take where that is less."""
        context = self.base.located.context
        return tokens if context is None else min(tokens, context - self.recipe.virtual)

    def model(self) -> Any:
        """The base as the engine loads it. Raises UserError when its files are not those that were recorded."""
        from fteval.engines.local.weights import load  # brings torch

        halved = self.recipe.precision == "bfloat16" and self.recipe.kind == "adapter"
        # The whole of what is sharded need not fit on one device.
        device = "cpu" if self.sharded else self.device
        model = load(self.base.located.folder, "bfloat16" if halved else "float32", device)
        check_unchanged(self.base)
        return model

    def tokenizer(self) -> Any:
        tokenizer = self.chat.tokenizer
        tokenizer.chat_template = self.chat.template
        # The preflight counts long rows; the tokenizer's warning names a limit that is not the one in effect.
        tokenizer.deprecation_warnings["sequence-length-is-longer-than-the-specified-maximum"] = True
        return tokenizer

    def dataset(self) -> Any:
        """The rows, each with its number in `row`: TRL drops some without a word."""
        from datasets import Dataset

        return Dataset.from_list([{**row, "row": number} for number, row in enumerate(self.rows)])


_ALWAYS = {
    "use_cache": True,  # the default is written into a whole model's config, and slows down whoever loads it
    "activation_checkpointing": False,
    "report_to": "none",
    "save_strategy": "no",
    "logging_steps": 1,
    "logging_nan_inf_filter": False,  # it would hide a diverged loss
    "disable_tqdm": True,
}
