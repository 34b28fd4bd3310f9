"""JSON as it is found: a row a line, a row over many lines, one long list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TextIO

from fteval.data.jsonl import LONGEST, Problems
from fteval.data.lenient import after_space, decoder, goes_on, loads

_MOST_LINES = 5000
"""Lines of one row."""
_CHUNK = 1 << 20
Numbered = Iterator[tuple[int, Any]]


def lines(text: TextIO, problems: Problems) -> Numbered:
    """(line, value) of rows that begin on a line of their own, however many lines they have."""
    held: list[tuple[int, str]] = []
    for number, line in enumerate(_cut(text, problems), 1):
        held.append((number, line))
        yield from _taken(held, problems, last=False)
    yield from _taken(held, problems, last=True)


def _cut(text: TextIO, problems: Problems) -> Iterator[str]:
    number = 0
    while line := text.readline(LONGEST):
        number += 1
        if len(line) == LONGEST:
            problems.add(number, f"a line of more than {LONGEST >> 20} MB")
            return
        yield line


def _taken(held: list[tuple[int, str]], problems: Problems, last: bool) -> Numbered:
    """Takes off the lines that are whole rows; one that goes on, perhaps, stays."""
    while held:
        ready = held[-1][1].rstrip(" \t\r\n,").endswith(("}", "]")) or len(held) == 1
        if not ready and not last and len(held) < _MOST_LINES:
            return
        joined = "".join(line for _, line in held)
        try:
            values = loads(joined)
        except ValueError as error:
            if goes_on(error, joined) and not last and len(held) < _MOST_LINES:
                return
            number, line = held.pop(0)
            problems.add(number, f"not JSON: {error}, found {line.strip()[:60]!r}")
            rest, held[:] = list(held), []
            for one in rest:  # each may be a row of its own
                held.append(one)
                yield from _taken(held, problems, last=False)
            continue
        yield from ((held[0][0], value) for value in values)
        held.clear()


def listed(text: TextIO, problems: Problems) -> Numbered:
    """(line, value) of the elements of one list, read piece by piece."""
    buffer, number = text.read(_CHUNK), 1
    at = buffer.index("[") + 1
    number += buffer.count("\n", 0, at)
    while True:
        after = after_space(buffer, at)
        number += buffer.count("\n", at, after)
        at = after
        if at < len(buffer) and buffer[at] == "]":
            rest = (buffer[at + 1 :] + text.read(_CHUNK)).strip()
            if rest:
                problems.add(number, f"something behind the list, found {rest[:60]!r}")
            return
        try:
            value, end = decoder.raw_decode(buffer, at)
        except ValueError as error:
            more = text.read(max(_CHUNK, len(buffer) - at)) if len(buffer) - at < LONGEST else ""
            if not more:
                yield from _tail(buffer[at:], number, error, problems)
                return
            buffer, at = buffer[at:] + more, 0
            continue
        yield number, value
        number += buffer.count("\n", at, end)
        at = end


def _tail(rest: str, number: int, error: ValueError, problems: Problems) -> Numbered:
    """What is left of a list that does not end: rows that are nearly JSON, else what is wrong with it."""
    try:
        values = loads(rest.strip().removesuffix("]"))
    except ValueError:
        problems.add(number, f"not JSON: {error}; what follows was not read, found {rest[:60]!r}")
        return
    yield from ((number, value) for value in values)
    if not rest.rstrip().endswith("]"):
        problems.add(number, "the list does not end: its file was cut")
