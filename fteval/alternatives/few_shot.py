"""Examples in the prompt: rows of a file as earlier turns of the conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal

from fteval.alternatives.layers.examples import Chosen, Example, examples, picker
from fteval.alternatives.layers.layer import Layer
from fteval.errors import UserError
from fteval.records import Engine, Message, digest

MOST = 256


@dataclass(frozen=True, slots=True)
class FewShot:
    """Shows the model some questions with their answers before every question."""

    data: Path
    """Rows with an answer, as for training; never the hold-out."""
    k: int = 4
    """How many are shown."""
    select: Literal["fixed", "similar", "diverse"] = "fixed"
    """fixed: the first ones of the file, the same for every question; diverse: few that have little in common, the same
    for every question; similar: those whose questions are most like the one that is asked, the likest last (BM25)."""

    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if not 1 <= self.k <= MOST:
            raise UserError(f"few_shot: 'k' must be from 1 to {MOST}, found {self.k}")
        if not self.data.is_file():
            raise UserError(f"few_shot: no file {self.data}")

    def on(self, engine: Engine) -> Engine:
        return Shown(engine, self, self.rows())

    def rows(self) -> list[Example]:
        """Of which some are shown. Raises UserError for fewer than `k`, and for all that cannot be shown."""
        rows = examples(self.data)
        if len(rows) < self.k:
            raise UserError(f"few_shot: k is {self.k}, and {self.data} has {len(rows)} rows that can be shown")
        return rows


class Shown(Layer):
    """A model that is shown examples first."""

    def __init__(self, inner: Engine, told: FewShot, rows: Sequence[Example]) -> None:
        content = digest([[list(map(str, (m.role, m.content))) for m in row.turns] for row in rows])
        super().__init__(
            inner,
            {"name": "few_shot", "version": told.version, "k": told.k, "select": told.select, "rows": content},
        )
        self._pick: Chosen = cache(picker(told.select, rows, told.k))

    def messages(self, messages: Sequence[Message]) -> Sequence[Message]:
        begins = 1 if messages[0].role == "system" else 0
        shown = (turn for row in self._pick(self.question(messages).text) for turn in row.turns)
        return (*messages[:begins], *shown, *messages[begins:])

    def how(self, messages: Sequence[Message]) -> Mapping[str, Any]:
        return {"shown": [row.id for row in self._pick(self.question(messages).text)]}
