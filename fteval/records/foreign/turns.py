"""What was asked and answered, taken out of the shapes that tools keep it in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def at(value: Any, *keys: str) -> Any:
    """What lies under these keys of objects within each other; None where there is nothing."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def text(content: Any) -> str | None:
    """The text of a message: as it stands, or of parts; None where it is none, or has a picture beside it."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or not content:
        return None
    parts = [one if isinstance(one, str) else at(one, "text") for one in content]
    return "".join(parts) if all(isinstance(part, str) for part in parts) else None


def asked(given: Any) -> dict[str, Any]:
    """`prompt` or `messages` of what was asked, a text or turns; nothing where it cannot be said as text."""
    if isinstance(given, str):
        return {"prompt": given}
    if not isinstance(given, list) or not given:
        return {}
    turns = [{"role": at(turn, "role"), "content": text(at(turn, "content"))} for turn in given]
    known = all(isinstance(turn["role"], str) and turn["content"] is not None for turn in turns)
    return {"messages": turns} if known else {}


def several(value: Any) -> list[Any]:
    """A list as it is; of anything else none."""
    return value if isinstance(value, list) else []


def number(value: Any) -> float | None:
    """A tool's judgement as a number: true is 1; None where it is none."""
    try:
        return float(value) if isinstance(value, int | float) else None
    except OverflowError:  # JSON has whole numbers of any length
        return None
