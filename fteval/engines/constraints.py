"""Constraints on each other, for every engine that can be constrained."""

from __future__ import annotations

from fteval.errors import UserError
from fteval.records import Constraint


def joined(first: Constraint | None, second: Constraint) -> Constraint:
    """Both together. Raises UserError for two grammars: an answer can follow one."""
    if first is None:
        return second
    if first.grammar_kind and second.grammar_kind:
        raise UserError(
            f"two grammars for one answer: {first.grammar_kind} and {second.grammar_kind}", fix="keep one of them"
        )
    of = first if first.grammar_kind else second
    letters = "".join(sorted({*first.forbid_letters, *second.forbid_letters}))
    return Constraint(letters, tuple(dict.fromkeys(first.words + second.words)), of.grammar_kind, of.grammar)
