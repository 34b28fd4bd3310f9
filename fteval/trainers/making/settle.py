"""What a trainer's recipe is held to when it is made: each field of its type, and in its range."""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from fteval import registry
from fteval.errors import UserError

R = TypeVar("R")


def settle(recipe: R, trainer: str, rules: Callable[[R], Mapping[str, tuple[bool, str]]]) -> None:
    """Gives each field of a dataclass the type of its hint: 5 and 5.0, a list and a tuple must give one record.

    `rules` say of fields whether they are in range, and what is wanted. Raises UserError naming every value that means
    nothing.
    """
    problems = []
    for name, hint in typing.get_type_hints(type(recipe)).items():
        try:
            _set(recipe, name, registry.convert(getattr(recipe, name), hint))
        except ValueError as error:
            problems.append(f"{trainer}: '{name}' {error}")
    if not problems:
        problems = [
            f"{trainer}: '{name}' is {getattr(recipe, name)!r}, wanted {wanted}"
            for name, (fine, wanted) in rules(recipe).items()
            if not fine
        ]
    if problems:
        raise UserError("\n".join(problems))


def _set(recipe: Any, name: str, value: Any) -> None:
    object.__setattr__(recipe, name, value)  # the dataclass is frozen
