"""Constrained decoding: whatever the model would like to say, some things it cannot write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fteval.engines.local.constraint.folding import letters_in
from fteval.errors import UserError
from fteval.records import ConstrainedEngine, Constraint, Engine


@dataclass(frozen=True, slots=True)
class Constrain:
    """Keeps the model from writing what it must not."""

    forbid_letters: str = ""
    """Letters that no answer holds, in any case, with any accent, and no look-alike of theirs: e, or aeiou."""

    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if not self.constraint().as_json():
            raise UserError("constrain: nothing is constrained", fix="constrain: {forbid_letters: e}")

    def constraint(self) -> Constraint:
        """The record that engines follow."""
        return Constraint(forbid_letters=_letters(self.forbid_letters))

    def on(self, engine: Engine) -> Engine:
        if not isinstance(engine, ConstrainedEngine):
            raise UserError(
                f"{engine.ref} cannot be kept from writing what it wants", fix="constrain a local model, or a server's"
            )
        return engine.constrained(self.constraint())


def _letters(text: str) -> str:
    """Each once, as the plain small ones that they are forms of. Raises UserError for what is no letter."""
    found = [c for c in text if not c.isspace() and c != ","]
    if wrong := [c for c in found if not c.isalpha()]:
        raise UserError(f"forbid_letters: {''.join(wrong)!r} is no letter", fix="forbid_letters: ae")
    return "".join(sorted({letter for c in found for letter in letters_in(c) if letter.isalpha()}))
