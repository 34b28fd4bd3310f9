"""Where in an answer converted data stands: the whole of it, a fence, or what the words surround."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fteval.evals import json_text
from fteval.evals.formats import LABELS
from fteval.evals.json_answer import answered


@dataclass(frozen=True, slots=True)
class Candidates:
    """Texts that may be the answer, in their order."""

    texts: tuple[str, ...]
    bare: bool = False
    last_counts: bool = False
    """The words between them take back all but the last."""


def converted(text: str, source: str, from_: str, to: str, prompt: str) -> Iterator[Candidates]:
    """The whole answer, then its fences or, without any, what its words surround."""
    yield Candidates((text,), bare=True)
    blocks = json_text.fences(text)
    if blocks:
        yield from _fenced(text, blocks, source, from_, to)
    elif to == "json":
        found = answered(text, prompt)
        if found.text is not None and not found.bare:
            yield Candidates((found.text,))
    elif to == "xml":
        start, end = _TAG.search(text), text.rfind(">")
        if start and end > start.start():
            yield Candidates((text[start.start() : end + 1],))
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
        yield Candidates(tuple(text[b.start : b.end] for b in chosen), last_counts=json_text.last_said(text, spans))


_OPENING = re.compile(
    r"\s*(?:sure|certainly|of course|absolutely|okay|ok|here|below|this is|the (?:\w+ )?(?:yaml|toml|csv|data|result"
    r"|output|file|table|following|equivalent|converted)|converted|result|output|answer|yaml|toml|csv|in (?:yaml|toml"
    r"|csv)|i(?:'ve| have)? converted|as (?:yaml|toml|csv))\b[^\n]*[:!.]\s*$",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"\s*(?:note|let me know|i |i'|this |that |these |the |hope|feel free|please|all |in this|as you|is there|if you"
    r"|anything|now |each |every |done|there you)[^\n]*[.!?)]\s*$",
    re.IGNORECASE,
)


def _without_words(text: str) -> str | None:
    """The text without sentences in front of it and behind it; None where there are none."""
    lines = text.strip().split("\n")
    first, last = 0, len(lines)
    while first < last and (not lines[first].strip() or _OPENING.match(lines[first])):
        first += 1
    while last > first and (not lines[last - 1].strip() or _CLOSING.match(lines[last - 1])):
        last -= 1
    return "\n".join(lines[first:last]) if (first, last) != (0, len(lines)) and first < last else None
