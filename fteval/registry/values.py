"""A record from what was typed or what YAML read: values as the types that its fields want."""

from __future__ import annotations

import dataclasses
import keyword
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

from fteval.errors import UserError, suggest


def make(cls: type, params: Mapping[str, Any], *, owner: str, where: str | None = None) -> Any:
    """An instance of a dataclass from text or YAML values, converted by the fields' types.

    Raises UserError with all unknown names and all values of a wrong type.
    """
    hints = typing.get_type_hints(cls)
    fields = {f.name: f for f in dataclasses.fields(cls) if f.init}
    problems: list[str] = []
    values: dict[str, Any] = {}
    for key, value in params.items():
        name = key.replace("-", "_")
        name += "_" * keyword.iskeyword(name)  # Python has no field called `from`
        if name not in fields:
            problems.append(f"{owner} has no parameter '{key}'. {suggest(name, [f.removesuffix('_') for f in fields])}")
            continue
        try:
            values[name] = convert(value, hints[name])
        except ValueError as error:
            problems.append(f"{owner}: '{key}' {error}")
    for name, field in fields.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and name not in values and not problems:
            problems.append(f"{owner} needs '{name}'")
    if problems:
        raise UserError("\n".join(problems), where=where)
    try:
        return cls(**values)
    except UserError as error:
        raise UserError(error.what, where=error.where or where, fix=error.fix) from None


def convert(value: Any, hint: Any) -> Any:
    """A value as the type that a field wants: text from the command line, or what YAML read.

    Raises ValueError saying what was wanted and what was found.
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        choices = [a for a in arguments if a is not type(None)]
        for choice in choices:
            try:
                return convert(value, choice)
            except ValueError:
                continue
        raise ValueError(f"is {value!r}, wanted one of {', '.join(_type_name(c) for c in choices)}")
    if origin is typing.Literal:
        if value in arguments:
            return value
        raise ValueError(f"is {value!r}, wanted one of {', '.join(map(repr, arguments))}")
    if origin in (tuple, list):
        items = value.split(",") if isinstance(value, str) else value
        if not isinstance(items, list | tuple):
            items = [items]
        made = [convert(item.strip() if isinstance(item, str) else item, arguments[0]) for item in items]
        return tuple(made) if origin is tuple else made
    if hint not in _TYPES:
        return value
    wanted = (int, float) if hint is float else hint
    if isinstance(value, wanted) and isinstance(value, bool) == (hint is bool):
        return float(value) if hint is float else value
    if isinstance(value, str):
        try:
            return _TYPES[hint][1](value)
        except (KeyError, ValueError):
            pass
    raise ValueError(f"is {value!r}, wanted {_type_name(hint)}")


def _type_name(hint: Any) -> str:
    return _TYPES[hint][0] if hint in _TYPES else str(hint)


_TYPES: dict[Any, tuple[str, Callable[[str], Any]]] = {
    int: ("a whole number", int),
    float: ("a number", float),
    bool: ("true or false", lambda text: {"true": True, "false": False}[text.lower()]),
    str: ("text", str),
}
"""What a type is called, and how a text is read as one."""
