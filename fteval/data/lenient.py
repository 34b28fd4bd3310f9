"""What almost is JSON, read for what it means: trailing commas, raw line ends in texts, NaN, Python's own spelling."""

from __future__ import annotations

import ast
import json
import re
from typing import Any


class RepeatedKey(ValueError):
    """A key that stands twice in one object: what stood first would be lost."""


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs. Raises RepeatedKey."""
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise RepeatedKey(f"the key {twice!r} stands twice in one object")
    return made


decoder = json.JSONDecoder(strict=False, object_pairs_hook=unique)
_COMMA = re.compile(r'"(?:\\.|[^"\\])*"|,(?=\s*[}\]])')
_SPACE = re.compile(r"[\s,\x1e\ufeff]*")


def goes_on(error: ValueError, text: str) -> bool:
    """Whether this is the beginning of something longer."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    return error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")


def loads(text: str) -> list[Any]:
    """The values of a text, which may stand one after the other. Raises ValueError where it is no JSON, nor nearly."""
    try:
        return _several(text)
    except ValueError as error:
        if isinstance(error, RepeatedKey):
            raise
        repaired = _COMMA.sub(lambda found: "" if found[0] == "," else found[0], text)
        for read, given in ((_several, repaired), (_python, text)):  # Python's own spelling may have such commas
            try:
                return read(given)
            except RepeatedKey:
                raise
            except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
                continue
        raise error
    except RecursionError:
        raise ValueError("nested too deep") from None


def _several(text: str) -> list[Any]:
    values, at = [], after_space(text, 0)
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        values.append(value)
        at = after_space(text, at)
    return values


def after_space(text: str, at: int) -> int:
    """Where the next value begins, behind space and commas."""
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _python(text: str) -> list[Any]:
    tree = ast.parse(text.strip().rstrip(","), mode="eval").body
    if not isinstance(tree, ast.Dict):
        raise ValueError("no object")
    for inner in ast.walk(tree):
        if isinstance(inner, ast.Dict):
            unique([(ast.unparse(key), None) for key in inner.keys if key is not None])
    return [ast.literal_eval(tree)]


def nearly(text: str) -> bool:
    """Whether a line that is no JSON is one for `loads`, perhaps with the lines below it."""
    try:
        loads(text)
    except ValueError as error:
        return goes_on(error, text)
    return True
