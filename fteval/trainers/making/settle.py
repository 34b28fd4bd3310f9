"""What a trainer's recipe is held to when it is made: each field of its type, and of a value that means something."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Mapping
from typing import Any

from fteval import registry
from fteval.errors import UserError
from fteval.records import out_of_range

Rules = Mapping[str, tuple[bool, str]]
"""Of a field, whether its value goes with those of the others, and what is wanted."""


def settle(recipe: Any, trainer: str, rules: Callable[[], Rules]) -> None:
    """Gives each field of a dataclass the type of its hint: 5 and 5.0, a list and a tuple must give one record.

    What a field's range does not say, `rules` do. Raises UserError naming every value that means nothing.
    """
    problems = _converted(recipe) or _senseless(recipe, rules)
    if problems:
        raise UserError("\n".join(f"{trainer}: '{name}' {what}" for name, what in problems.items()))


def _converted(recipe: Any) -> dict[str, str]:
    """Sets every field to its value of the right type; what is wrong, by field, with those that have none."""
    problems = {}
    hints = typing.get_type_hints(type(recipe))
    for field in dataclasses.fields(recipe):
        try:
            value = registry.convert(getattr(recipe, field.name), hints[field.name])
            object.__setattr__(recipe, field.name, value)  # the dataclass is frozen
        except ValueError as error:
            problems[field.name] = str(error)
    return problems


def _senseless(recipe: Any, rules: Callable[[], Rules]) -> dict[str, str]:
    problems = {name: what for name, _, what in (line.partition(" ") for line in out_of_range(recipe))}
    for name, (fine, wanted) in rules().items():
        if not fine:
            problems.setdefault(name, f"is {getattr(recipe, name)!r}, wanted {wanted}")
    return problems
