"""Requests and answers as servers, proxies and tracers log them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ASKED = ("request", "input", "inputs", "body")
_ANSWERED = ("ideal", "target", "response", "output", "outputs", "completion", "answer", "reference")
Said = tuple[Any, Any, tuple[str, ...]]


def said(row: Mapping[str, Any]) -> Said | None:
    """(what was asked, what was answered or None, the keys of both) of a logged call; None for another row.

    What was asked is text or turns, what was answered text or a turn.
    """
    for key in _ASKED:
        asked = _turns(row.get(key))
        if asked is None:
            continue
        at = next((name for name in _ANSWERED if name in row and name != key), None)
        answered = _answer(row[at]) if at else None
        return asked, answered, (key, *([at] if at and answered is not None else []))
    return None


def _turns(value: Any) -> Any:
    if isinstance(value, Mapping):
        inner = value.get("body", value)
        found = inner.get("messages", inner.get("prompt")) if isinstance(inner, Mapping) else None
        return found if isinstance(found, str | list) and found else None
    return value if isinstance(value, list) and value and isinstance(value[0], Mapping) else None


def _answer(value: Any) -> Any:
    """Text or turn under a key of the answer, whatever it is wrapped into."""
    while isinstance(value, Mapping) and "role" not in value:
        inner = next((value[k] for k in ("body", "choices", "message", "messages", "content", "text", "completion",
                                         "generations", "output") if k in value), None)  # fmt: skip
        if inner is None:
            return None
        value = _answer(inner)
    if isinstance(value, list):
        return _answer(value[-1]) if value else None
    return value
