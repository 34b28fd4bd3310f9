"""What can be set of every training with TRL: how long, how fast, in which parts, and the adapter where there is one.

A trainer's own Recipe inherits from one of these, and adds what its method alone has.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

from fteval.records import Range, ranged
from fteval.trainers.making.settle import Rules, settle
from fteval.trainers.making.templates import is_template


@dataclass(frozen=True, slots=True)
class TrlRecipe:
    """A recipe that trains all weights. Raises UserError naming every value that means nothing."""

    trainer: ClassVar[str]
    """The name of its file."""
    version: ClassVar[int] = 1
    """Goes up when the same recipe would give other weights."""
    rates: ClassVar[Mapping[str, float]]
    """By the kind of candidate, the learning rate where none is set."""

    learning_rate: float | None = field(default=None, metadata=ranged(Range(above=0)))
    """Of AdamW, at its highest. None: the method's own for an adapter or for all weights."""
    epochs: float | None = field(default=None, metadata=ranged(Range(above=0)))
    """Passes over the rows. None: three; more where that is under 480 rows in all, at most 25."""
    max_steps: int | None = field(default=None, metadata=ranged(Range(1)))
    """Optimizer steps, instead of `epochs`."""
    batch_size: int = field(default=8, metadata=ranged(Range(1)))
    """Rows per optimizer step."""
    accumulate: int = field(default=1, metadata=ranged(Range(1)))
    """Parts that a batch is worked off in, to save memory."""
    warmup: float = field(default=0.1, metadata=ranged(Range(0)))
    """Share of the steps, or from 1 on their whole number, in which the rate rises from 0."""
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    """How the rate falls after that."""
    weight_decay: float = field(default=0.0, metadata=ranged(Range(0)))
    max_grad_norm: float = field(default=1.0, metadata=ranged(Range(above=0)))
    """Longer gradients are shortened to this."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of the arithmetic: auto is bfloat16 on a GPU that computes in it. An adapter itself is always float32."""
    template: str | None = None
    """For a base without a chat template: chatml, alpaca, or a file of Jinja. The candidate brings it along."""
    threads: int | None = field(default=None, metadata=ranged(Range(1)))
    """CPU threads, which decide the last bits. None: one below 100 MB of weights, else OMP_NUM_THREADS or the cores."""
    seed: int = field(default=0, metadata=ranged(Range(0, 2**32 - 1)))

    def __post_init__(self) -> None:
        settle(self, self.trainer, self.rules)

    def rules(self) -> Rules:
        """What one field demands of another."""
        divides = self.accumulate > 0 and self.batch_size % self.accumulate == 0
        return {
            "max_steps": (self.max_steps is None or self.epochs is None, "1 or more, and no epochs"),
            "template": (self.template is None or is_template(self.template), "chatml, alpaca or a file"),
            "accumulate": (divides, "a divisor of batch_size"),
            "warmup": (self.warmup < 1 or self.warmup.is_integer(), "a share below 1, or whole steps"),
        }

    @property
    def kind(self) -> str:
        """Of the candidate that comes out: `adapter` or `full`."""
        return "full"

    @property
    def virtual(self) -> int:
        """Places in the context that the candidate itself takes, as a learnt prompt does."""
        return 0

    @property
    def rate(self) -> float:
        return self.rates[self.kind] if self.learning_rate is None else self.learning_rate

    def resolved(self, rows: int) -> Self:
        """The recipe for so many rows, with a number for every None but `threads`: what is recorded."""
        epochs = self.epochs
        if epochs is None and self.max_steps is None:
            epochs = float(min(25, max(3, math.ceil(480 / rows))))
        return dataclasses.replace(self, learning_rate=self.rate, epochs=epochs)

    def on(self, device: str) -> Self:
        """The recipe for a device, `cpu` or `cuda`, with a precision for `auto`: what is recorded."""
        if self.precision != "auto":
            return self
        return dataclasses.replace(self, precision="bfloat16" if _halves(device) else "float32")

    @property
    def rows_a_step(self) -> int:
        return self.batch_size

    def steps(self, rows: int) -> int:
        """Optimizer steps of a training on so many rows."""
        found = self.resolved(rows)
        return found.max_steps or math.ceil(math.ceil(rows / self.rows_a_step) * (found.epochs or 1))

    def recorded(self) -> dict[str, Any]:
        """The fields as JSON has them, without the threads: the number in effect is in the environment."""
        found = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        del found["threads"]
        return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}

    def adapter(self) -> Any:
        """PEFT's config of the adapter; None where all weights are trained."""
        return None


@dataclass(frozen=True, slots=True)
class LoraRecipe(TrlRecipe):
    """A recipe that trains a LoRA adapter, or with rank 0 all weights."""

    compares: ClassVar[bool] = False
    """Whether the method holds the model against another one, as a reference: then nothing is dropped out."""

    lora_rank: int = field(default=16, metadata=ranged(Range(0, least_is="all weights")))
    """Width of the adapter; 0 trains all weights."""
    lora_alpha: int | None = None
    """The adapter's output is scaled by lora_alpha / lora_rank. None: twice the rank."""
    lora_dropout: float = field(default=0.0, metadata=ranged(Range(0, below=1)))
    """Share of the adapter's inputs that is zeroed in training."""
    target_modules: tuple[str, ...] = ("all-linear",)
    """Layers that get an adapter, by the end of their names."""
    dora: bool = False
    """Whether length and direction of a weight are learnt apart (arXiv:2402.09353): slower, better at low ranks."""
    rslora: bool = False
    """Whether the output is scaled by lora_alpha / sqrt(lora_rank) (arXiv:2312.03732), for high ranks."""

    def rules(self) -> Rules:
        named = bool(self.target_modules) and not {"", "lm_head"} & set(self.target_modules)
        return {
            **TrlRecipe.rules(self),  # a dataclass with slots has no super()
            "lora_alpha": (self.lora_alpha is None or self.lora_alpha > 0 or self.lora_rank == 0, "more than 0"),
            "lora_dropout": (not self.compares or self.lora_dropout == 0, "0: dropout would disturb the comparison"),
            "dora": (not self.dora or self.lora_rank > 0, "false: rank 0 trains all weights"),
            "rslora": (not self.rslora or self.lora_rank > 0, "false: rank 0 trains all weights"),
            "target_modules": (named, "names of layers, not lm_head: TRL computes the loss past an adapter on it"),
        }

    @property
    def kind(self) -> str:
        return "adapter" if self.lora_rank else "full"

    def resolved(self, rows: int) -> Self:
        alpha = 2 * self.lora_rank if self.lora_alpha is None else self.lora_alpha
        return dataclasses.replace(TrlRecipe.resolved(self, rows), lora_alpha=alpha)

    def adapter(self) -> Any:
        if not self.lora_rank:
            return None
        from peft import LoraConfig

        return LoraConfig(
            task_type="CAUSAL_LM",
            r=self.lora_rank,
            lora_alpha=self.lora_alpha,
            lora_dropout=self.lora_dropout,
            use_dora=self.dora,
            use_rslora=self.rslora,
            target_modules="all-linear" if self.target_modules == ("all-linear",) else list(self.target_modules),
        )


def _halves(device: str) -> bool:
    """Whether a device computes in bfloat16 itself; a CPU may, and is held to float32, where bytes are compared."""
    import torch

    return device == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
