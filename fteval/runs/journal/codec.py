"""Records to JSON and back by their type hints.

Not pydantic: `fteval report` should start without it, and it refuses the lone surrogates that models do write.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


def to_json(value: Any) -> Any:
    """A record as JSON values: dataclasses as objects, tuples as lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value) if f.init}
    if isinstance(value, Mapping):
        return {str(key): to_json(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [to_json(inner) for inner in value]
    return str(value) if isinstance(value, Path) else value


def from_json(cls: type[T], value: Any) -> T:
    """The record that `to_json` was given. Fields added since have their defaults; fields dropped since are ignored.

    Raises ValueError naming the field when the value does not fit.
    """
    made: T = _make(cls, value, cls.__name__)
    return made


def _make(hint: Any, value: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return value
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        return _make_one_of([a for a in arguments if a is not type(None)], value, where)
    if dataclasses.is_dataclass(hint):
        return _make_record(hint, value, where)
    if origin is tuple:
        items = _expect(list, value, where)
        hints = [arguments[0]] * len(items) if arguments[-1] is ... else arguments
        if len(hints) != len(items):
            raise ValueError(f"{where}: {len(items)} items, wanted {len(hints)}")
        return tuple(_make(h, item, f"{where}[{i}]") for i, (h, item) in enumerate(zip(hints, items, strict=True)))
    if origin is not None and issubclass(origin, Mapping):
        return {key: _make(arguments[1], v, f"{where}.{key}") for key, v in _expect(dict, value, where).items()}
    if origin is not None and issubclass(origin, Sequence):
        return [_make(arguments[0], item, where) for item in _expect(list, value, where)]
    if hint is Path:
        return Path(_expect(str, value, where))
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return _expect(hint, value, where)


def _make_one_of(hints: Sequence[Any], value: Any, where: str) -> Any:
    *others, last = hints
    for hint in others:
        try:
            return _make(hint, value, where)
        except ValueError:
            continue
    return _make(last, value, where)


def _make_record(cls: Any, value: Any, where: str) -> Any:
    given = _expect(dict, value, where)
    hints = _hints(cls)
    try:
        return cls(
            **{name: _make(hint, given[name], f"{where}.{name}") for name, hint in hints.items() if name in given}
        )
    except TypeError as error:  # a field without default is missing
        raise ValueError(f"{where}: {error}") from None


def _expect(cls: Any, value: Any, where: str) -> Any:
    if not isinstance(value, cls):
        raise ValueError(f"{where}: found {type(value).__name__}, wanted {cls.__name__}")
    return value


@functools.cache
def _hints(cls: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    return {f.name: hints[f.name] for f in dataclasses.fields(cls)}
