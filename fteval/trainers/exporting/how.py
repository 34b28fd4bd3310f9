"""What is to be made of a candidate, and of which candidates it can be made."""

from __future__ import annotations

from dataclasses import dataclass

from fteval.engines.local.folders import Located
from fteval.engines.refs import display
from fteval.errors import UserError

DTYPES = ("float32", "bfloat16", "float16")
BITS = ("int8",)
GGUF = ("f32", "f16", "bf16", "q8_0")
"""What llama.cpp's converter writes by itself."""


@dataclass(frozen=True, slots=True)
class How:
    """What is made: one of these at least."""

    merge: bool = False
    """The adapter's change in the weights themselves. All others imply it."""
    dtype: str | None = None
    """Of the numbers that are written; None is the base's own."""
    quantise: str | None = None
    gguf: str | None = None

    def check(self) -> None:
        """Raises UserError where nothing is asked, or two things that exclude each other."""
        if not (self.merge or self.dtype or self.quantise or self.gguf):
            raise UserError(
                "what is to be made of it?", fix="--merge, --dtype bfloat16, --quantise int8 or --gguf q8_0"
            )
        if self.gguf and (self.dtype or self.quantise):
            raise UserError(
                f"--gguf {self.gguf} says which numbers are written", fix="leave --dtype and --quantise out"
            )

    def in_words(self, adapter: bool, dtype: str) -> str:
        """`merged, bfloat16, int8`."""
        numbers = [f"GGUF {self.gguf}"] if self.gguf else [dtype, *([self.quantise] if self.quantise else [])]
        return ", ".join([*(["merged"] if adapter else []), *numbers])


def check_source(located: Located, how: How) -> None:
    """Raises UserError for a candidate of which that cannot be made, before anything is loaded."""
    name = located.ref.candidate or display(located.ref.text)
    where = str(located.adapter_folder or located.folder)
    if "quantization_config" in located.config:
        raise UserError(
            f"the weights of {name} are quantised: what was rounded away is not there any more",
            where=where,
            fix="export the candidate on the weights that they were made from",
        )
    if located.adapter_config is None:
        if how == How(merge=True):
            raise UserError(
                f"{name} is a full model: there is nothing to merge",
                where=where,
                fix="use the folder as it is, or make something else of it: --dtype, --quantise, --gguf",
            )
        return
    from fteval.engines.local.weights import PROMPT_LEARNING  # brings torch

    kind = str(located.adapter_config["peft_type"]).upper()
    if kind in PROMPT_LEARNING:
        raise UserError(
            f"{name} is a learnt prompt ({kind.lower()}), which cannot be merged: it changes no weight",
            where=where,
            fix="ship the adapter's folder: PEFT puts its vectors before each prompt",
        )
