"""Where in an answer converted data stands: the whole of it, a fence, or what the words surround."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fteval.evals.find.json_value import answered
from fteval.evals.formats import json_text
from fteval.evals.formats.readers import LABELS


@dataclass(frozen=True, slots=True)
class Candidates:
    """Texts that may be the answer, in their order."""

    texts: tuple[str, ...]
    bare: bool = False
    said: int | None = None
    """Which of them the words around call the answer."""


def converted(text: str, source: str, from_: str, to: str, prompt: str) -> Iterator[Candidates]:
    """The whole answer, then its fences or, without any, what its words surround."""
    yield Candidates((text,), bare=True)
    if text.count("```") == 1 and text.rstrip().endswith("```"):  # closes what was never opened
        text = text.rstrip().removesuffix("```")
        yield Candidates((text,))
    blocks = json_text.fences(text)
    if blocks:
        yield from _fenced(text, blocks, source, from_, to)
    elif to == "json":
        found = answered(text, prompt)
        if found.text is not None and not found.bare:
            yield Candidates((found.text,))
    elif to == "xml":
        start, end = _TAG.search(text), text.rfind(">")
        element = text[start.start() : end + 1] if start else ""
        if element and element != text.strip():
            yield Candidates((element,))
    else:
        inner = _without_words(text)
        if inner is not None:
            yield Candidates((inner,))


_TAG = re.compile(r"<[A-Za-z_?!]")


def _fenced(text: str, blocks: list[json_text.Fence], source: str, from_: str, to: str) -> Iterator[Candidates]:
    """The blocks with the right label; without such, all but the source's."""
    named = [b for b in blocks if LABELS.get(b.label, b.label) == to]
    others = [
        b for b in blocks if LABELS.get(b.label, b.label) != from_ and text[b.start : b.end].strip() != source.strip()
    ]
    chosen = named or others
    if chosen:
        spans = [(b.start, b.after) for b in chosen]
        yield Candidates(tuple(text[b.start : b.end] for b in chosen), said=json_text.said_answer(text, spans))


_OPENING = re.compile(r"[A-Z][^\n]*[:!.]\s*$")
_CLOSING = re.compile(r"[A-Z][^\n]*[.!?)]\s*$")


def _without_words(text: str) -> str | None:
    """The text without sentences in front of it and, after a blank line, behind it; None where there are none.

    A line that has indented ones below it is a key of theirs, whatever it says.
    """
    lines = text.strip().split("\n")
    first, last = 0, len(lines)
    while first < last - 1 and (not lines[first].strip() or _opens(lines, first)):
        first += 1
    kept = last
    while last > first and (not lines[last - 1].strip() or _CLOSING.match(lines[last - 1])):
        last -= 1
        if not lines[last].strip():
            kept = last
    return "\n".join(lines[first:kept]) if (first, kept) != (0, len(lines)) and first < kept else None


def _opens(lines: list[str], index: int) -> bool:
    line, below = lines[index], lines[index + 1]
    if not _OPENING.match(line) or below[:1] in (" ", "\t"):
        return False
    return len(line.split()) > 2 or not below.strip()
