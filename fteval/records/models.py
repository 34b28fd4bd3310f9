"""A model that lives in a Python process, and not behind a ref."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A model that Python has: a transformers or PEFT model with its tokenizer, or a function of a conversation.

    The function is given `[{"role": …, "content": …}, …]` and returns the answer's text; it may be `async`. What it
    raises is an error of that sample, never an answer.
    """

    model: Any
    tokenizer: Any = None
    """Of a transformers model; a function has none."""
    name: str | None = None
    """What reports call it.  [default: the function's or the class's name]"""
    version: str | None = None
    """Of a function: under the same name, version and source its answers may be used again. Without one they are never:
    nobody can tell whether it would say the same."""
    adapter: bool = True
    """Of a PEFT model: False asks it with its adapter disabled, which is the base."""
