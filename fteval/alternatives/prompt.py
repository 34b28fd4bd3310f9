"""A system prompt: the model is told what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar, Literal

from fteval.alternatives.layers.layer import Layer
from fteval.errors import PromptRefused, UserError
from fteval.records import Engine, Message, folded

_A_FILE = re.compile(r"\S+\.(?:txt|text|md|j2|jinja|prompt)")
"""What is meant as a file: one that is there has become a path before."""
LARGEST = 1 << 20
"""Characters of a prompt."""


@dataclass(frozen=True, slots=True)
class SystemPrompt:
    """Tells the model something before every question."""

    text: str | Path
    """What it is told, or the file that holds it. A sample's own system text comes after it."""
    role: Literal["auto", "system", "user"] = "auto"
    """Who says it. auto: the system, or at the beginning of the user's turn where a local model's chat template has no
    such role; for a server that refuses it, user."""

    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if not isinstance(self.text, str | Path):
            raise UserError(f"prompt: a text or a file is wanted, found {self.text!r}")
        if isinstance(self.text, str) and _A_FILE.fullmatch(self.text.strip()):
            raise UserError(f"prompt: no file {self.text}", fix="its path from the config's folder, or a text of words")
        if not self.read():
            raise UserError("the prompt is empty", fix="prompt: Answer in one sentence.")

    def read(self) -> str:
        """The text, without white space around it. Raises UserError for a file that holds none."""
        if isinstance(self.text, str):
            return self.text.strip()
        try:
            text = self.text.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not UTF-8"
            raise UserError(f"cannot read the prompt {self.text}: {why}") from None
        if len(text) > LARGEST:
            raise UserError(f"the prompt {self.text} has more than {LARGEST >> 20} million characters")
        return text.strip()

    def on(self, engine: Engine) -> Engine:
        return Told(engine, self)


class Told(Layer):
    """A model that is told something first."""

    def __init__(self, inner: Engine, told: SystemPrompt) -> None:
        self.text = told.read()
        super().__init__(inner, {"name": "prompt", **asdict(told), "text": self.text, "version": told.version})
        self.folds = told.role == "user" or (told.role == "auto" and not hears_system(inner))

    def messages(self, messages: Sequence[Message]) -> Sequence[Message]:
        has = messages[0].role == "system"
        own = messages[0].content if has else ""
        system = Message("system", f"{self.text}\n\n{own}" if own else self.text)
        turns = (system, *messages[has:])
        return folded(turns) if self.folds else turns


def hears_system(engine: Engine) -> bool:
    """Whether a system's turn reaches the model: some templates refuse it, some leave it out without a word.

    True also where a server renders the turns, which nobody sees.
    """
    user = Message("user", "2")
    try:
        first, second = (engine.prompt([Message("system", text), user]).token_ids for text in ("1", "3"))
    except PromptRefused:
        return False
    return first is None or first != second
