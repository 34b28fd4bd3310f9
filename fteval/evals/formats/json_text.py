"""JSON in text: read strictly (RFC 8259), and found where it stands among other words.

Python's own reader takes duplicate keys, NaN and Infinity; here they are refused. Numbers keep every digit.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

DEEPEST = 64
"""Levels of nesting that are read; RFC 8259 leaves the limit to the reader."""
_ATTEMPTS = 2_000
_WORK = 2_000_000
"""Brackets that are tried in one text, and characters that may be read in doing so: the search stays linear."""
_FAILURE = 1_000
"""What one that fails costs at least, in characters."""


class Broken(ValueError):
    """Says what is wrong with a JSON text; `at` is where reading stopped."""

    def __init__(self, what: str, at: int) -> None:
        super().__init__(what)
        self.at = at


@dataclass(frozen=True, slots=True)
class Piece:
    """One JSON text in an answer, or what was meant to be one."""

    start: int
    end: int
    value: Any = None
    problem: str | None = None
    """Why it is no JSON; None where it is."""


# --- read ----------------------------------------------------------------------------------------


def read(text: str) -> Any:
    """The value of a JSON text, white space aside; fractions as Decimal. Raises ValueError saying what is wrong."""
    value, end = _decode(text, _SPACE.match(text).end())  # type: ignore[union-attr]
    rest = _SPACE.match(text, end).end()  # type: ignore[union-attr]
    if rest != len(text):
        raise ValueError(f"{text[rest : rest + 20]!r} follows the JSON")
    return value


def _decode(text: str, start: int) -> tuple[Any, int]:
    if _deep(text, start):
        raise Broken(f"nested deeper than {DEEPEST} levels", start)
    try:
        return _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        what = error.msg.removesuffix(" at")  # some of Python's messages end with it
        raise Broken(f"{what[:1].lower()}{what[1:]} at {_near(text, error.pos)}", error.pos) from None


def _near(text: str, position: int) -> str:
    return repr(text[position : position + 20]) if position < len(text) else "the end"


# A string, also one that never ends, or a bracket.
_MARK = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
_SPACE = re.compile(r"[ \t\r\n]*+")


def _deep(text: str, start: int) -> bool:
    depth = 0
    for mark in _MARK.finditer(text, start):
        c = mark[0]
        if c in "[{":
            depth += 1
            if depth > DEEPEST:
                return True
        elif c in "]}":
            depth -= 1
            if depth <= 0:
                return False
    return False


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        key = nfc(key)
        if key in found:
            raise ValueError(f"the key {key!r} stands twice")
        found[key] = value
    return found


def _constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON value")


def _integer(digits: str) -> int | Decimal:
    return int(digits) if len(digits) < 4_000 else Decimal(digits)  # int() refuses more digits than that


def _fraction(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise ValueError(f"{digits[:20]} is beyond all numbers") from None


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_fraction
)


def nfc(text: str) -> str:
    """Composed letters, so that two writings of é are one."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


# --- find ----------------------------------------------------------------------------------------

# What follows a bracket where somebody means JSON, or something taken for it (a Python dict, JavaScript, comments).
_START = re.compile(
    r"\{\s*+(?:\}|\{\s*+[\"']|//|/\*|\#"
    r"|(?:\"(?:[^\"\\\n]|\\.){0,200}+\"|'(?:[^'\\\n]|\\.){0,200}+'|[A-Za-z_$][\w$]{0,80}+)\s*+:)"
    r"|\[\s*+(?:[\[\]{\"\d-]|true\b|false\b|null\b|NaN\b|Infinity\b)"
)
_ARRAY_OF_PARTS = re.compile(r"\[\s*+(?:\{\s*+[\"'}]|\[\s*+[\[{\"])")


def pieces(text: str) -> Iterator[Piece]:
    """Objects and arrays in the order in which they stand, broken ones too; none that is part of another."""
    position, attempts, work = 0, 0, 0
    while bracket := _START.search(text, position):
        start, position = bracket.start(), bracket.start() + 1
        is_object = text[start] == "{"
        attempts += 1
        if attempts > _ATTEMPTS or work > _WORK:
            yield Piece(start, len(text), problem="too many brackets to look into")
            return
        try:
            value, end = _decode(text, start)
        except ValueError as error:
            work += (error.at if isinstance(error, Broken) else len(text)) - start + _FAILURE
            # "[see {...}]" and "[10:30]" are words in brackets; what else fails was meant to be JSON.
            if is_object or _ARRAY_OF_PARTS.match(text, start):
                position = _closing(text, start)
                yield Piece(start, position, problem=str(error))
            continue
        yield Piece(start, end, value)
        work += end - start
        position = end


def _closing(text: str, start: int) -> int:
    """Where the bracket at `start` is closed, or the end of the text."""
    depth = 0
    for mark in _MARK.finditer(text, start):
        if mark[0] in "[{":
            depth += 1
        elif mark[0] in "]}":
            depth -= 1
            if depth == 0:
                return mark.end()
    return len(text)


# --- fences --------------------------------------------------------------------------------------

_FENCE = re.compile(r"^[ \t>]*(```+|~~~+)[ \t]*([\w+-]*)[^\n`]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block: its label in lower case, and where its content stands."""

    label: str
    start: int
    end: int
    after: int
    """Where the text goes on behind it."""


def fences(text: str) -> list[Fence]:
    """The fenced blocks; one that is never closed goes to the end."""
    found: list[Fence] = []
    opened: re.Match[str] | None = None
    if "```" not in text and "~~~" not in text:
        return found
    for line in _FENCE.finditer(text):
        if opened is None:
            opened = line
        elif line[1].startswith(opened[1]) and not line[2]:
            found.append(Fence(opened[2].lower(), opened.end() + 1, line.start(), line.end()))
            opened = None
    if opened is not None:
        found.append(Fence(opened[2].lower(), min(opened.end() + 1, len(text)), len(text), len(text)))
    return found


# --- several -------------------------------------------------------------------------------------

_CORRECTION = re.compile(
    r"\b(?:actually|correction|corrected|correcting|scratch that|wait|oops|sorry|apolog\w+|my mistake|mistake|instead"
    r"|let me (?:fix|correct|redo|try)|fixed|revised|revision|updated|final|finally|i mean|amended|therefore|altogether"
    r"|combined|complete|should (?:be|have been|read))\b",
    re.IGNORECASE,
)
_LABEL = re.compile(r"\b(?:answer|output|result|solution)(?: is| would be)?[\s:*_=`>-]*(?:```\w*\s*)?$", re.IGNORECASE)


def corrects(between: str) -> bool:
    """Whether the words between two answers take the first one back."""
    return bool(_CORRECTION.search(between[-1_000:]))


def said_answer(text: str, spans: Sequence[tuple[int, int]]) -> int | None:
    """Which of several answers the words around them call the answer; None where they do not say.

    The last one where it takes back those before it, or the only one right after "answer", "output" or "result".
    """
    if len(spans) > 1 and corrects(text[spans[-2][1] : spans[-1][0]]):
        return len(spans) - 1
    named = [i for i, (start, _) in enumerate(spans[:100]) if _LABEL.search(text[max(0, start - 60) : start])]
    return named[0] if len(named) == 1 else None
