"""The one JSON value that an answer gives, wherever in it that stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from fteval.evals.formats import json_text, tree


@dataclass(frozen=True, slots=True)
class Found:
    """What an answer gives."""

    value: Any = None
    text: str | None = None
    """The part of the answer that was read."""
    problem: str | None = None
    """Why there is no value."""
    bare: bool = False
    """Whether the whole answer is that part, white space aside."""


def answered(text: str, prompt: str, schema: Any = None) -> Found:
    """The value of the whole answer or of the JSON in it: in fences rather than outside, and only where it is one.

    Several that differ are none, unless the words between them take the first back, or only one is not the prompt's or
    the schema's. A number or a text is only taken as the whole answer or in a fence that says json.
    """
    text = text.lstrip("\ufeff")
    try:
        return Found(json_text.read(text), text.strip(), bare=True)
    except ValueError as error:
        return _among_words(text, str(error), prompt, schema)


_LABELS = ("", "json", "jsonc", "json5", "jsonl", "javascript", "js", "text", "txt", "plaintext", "output")


def _among_words(text: str, whole: str, prompt: str, schema: Any) -> Found:
    """The one value that the answer gives, or why there is none. `whole`: why the whole answer is no JSON."""
    blocks = json_text.fences(text)
    found = list(json_text.pieces(text))
    labels = [next((b.label for b in blocks if b.start <= p.start < b.after), None) for p in found]
    fenced = [p for p, label in zip(found, labels, strict=True) if label in _LABELS]
    plain = [p for p, label in zip(found, labels, strict=True) if label is None]
    candidates = fenced or [*_scalars(text, blocks)] or plain or found
    if not candidates:
        return Found(problem=f"no JSON in the answer: {whole}" if len(text) < 200 else "no JSON in the answer")
    chosen = candidates[-1]
    if not _one(candidates):
        said = json_text.said_answer(text, [(p.start, p.end) for p in candidates])
        if said is None:
            candidates = _without_echoes(candidates, text, prompt, schema)
            if not _one(candidates):
                return Found(problem=f"{len(candidates)} JSON values, and none of them is said to be the answer")
        chosen = candidates[-1 if said is None else said]
    if chosen.problem:
        return Found(text=text[chosen.start : chosen.end], problem=f"no valid JSON: {chosen.problem}")
    return Found(chosen.value, text[chosen.start : chosen.end])


def _scalars(text: str, blocks: Sequence[json_text.Fence]) -> Iterator[json_text.Piece]:
    """Numbers and texts that stand alone in a fence that says json."""
    for block in blocks:
        with suppress(ValueError):
            if block.label == "json":
                yield json_text.Piece(block.start, block.end, json_text.read(text[block.start : block.end]))


def _one(pieces: list[json_text.Piece]) -> bool:
    """Whether all say the same; a broken one says nothing that could be compared."""
    first, *others = pieces
    return not others or all(p.problem is first.problem is None and tree.same(p.value, first.value) for p in others)


def _without_echoes(pieces: list[json_text.Piece], text: str, prompt: str, schema: Any) -> list[json_text.Piece]:
    """Without what the prompt or the schema says already, forms to fill in, footnotes ([1]) and empty brackets."""
    said = [p.value for p in json_text.pieces(prompt) if p.problem is None]
    if isinstance(schema, Mapping):
        said.append(schema)

    def echo(piece: json_text.Piece) -> bool:
        value = piece.value
        if piece.problem:
            written = text[piece.start : piece.end]
            return "..." in written or "\u2026" in written or written in prompt
        footnote = isinstance(value, list) and len(value) == 1 and type(value[0]) is int and 0 <= value[0] < 1_000
        return not value or footnote or any(tree.same(value, s) for s in said)

    return [p for p in pieces if not echo(p)] or pieces
