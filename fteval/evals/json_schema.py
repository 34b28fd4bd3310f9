"""JSON answers: the form, the schema and the content, apart."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from fteval.errors import UserError
from fteval.evals import json_text, structure
from fteval.evals.json_shape import Violations, shape
from fteval.evals.packaged import packaged
from fteval.evals.text import blank, shown
from fteval.records import Generation, Metric, Sample, Scores


@dataclass(frozen=True, slots=True)
class JsonSchema:
    """Whether an answer is JSON, fits its schema and says the right thing.

    Measures  correct: the answer's one JSON value is the target: objects without order, arrays in order, 1 = 1.0 but
              not true, text letter by letter after NFC; valid_schema: the value fits the schema of the row or, without
              one, of the probe; valid_json: there is one value that RFC 8259 allows; bare: the whole answer is it,
              white space aside; field_f1: F1 over (path, value) of everything that holds nothing else
    Chance    0 for `correct`; `field_f1` rewards constants, so read it beside the base's
    Traps     JSON is also found in a fence or among words, a number or a text only where it is the whole answer;
              duplicate keys, NaN, comments and trailing commas are no JSON, whatever they mean; several different
              values are none, unless the words between them take the first back ("Actually, ..."), or the others are
              the prompt's or the schema; `format` in a schema is a note, and a `$ref` out of it is never fetched
    Source    RFC 8259; JSON Schema 2020-12 or what `$schema` names; questions written for fteval
    """

    schema: Mapping[str, Any] | str | None = None
    """JSON Schema for rows without one of their own: an object, or JSON text of it."""

    version: ClassVar[int] = 1
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("correct", primary=True),
        Metric("valid_schema", partial=True),
        Metric("valid_json"),
        Metric("bare"),
        Metric("field_f1"),
    )

    def __post_init__(self) -> None:
        if self.schema is not None:
            shape(self.schema, owner="probe 'json_schema'")

    def samples(self) -> Iterator[Sample]:
        return packaged("json_schema.jsonl")

    def score(self, sample: Sample, generation: Generation) -> Scores:
        wanted = _target(sample)
        schema = sample.metadata.get("schema", self.schema)
        fits = None if schema is None else shape(schema, owner=f"row {sample.id!r}")
        text = shown(generation.text)
        if blank(text):
            return self._none("the answer is empty", fits)
        text = text.lstrip("\ufeff")
        try:
            found, bare = _Found(json_text.read(text)), True
        except ValueError as error:
            found, bare = _among_words(text, str(error), sample.prompt_text, schema), False
        if found.problem:
            return self._none(found.problem, fits, found.text)
        right = structure.same(found.value, wanted)
        values: dict[str, float | None] = {
            "correct": float(right),
            "valid_schema": None,
            "valid_json": 1.0,
            "bare": float(bare),
            "field_f1": structure.leaf_f1(found.value, wanted),
        }
        reasons: dict[str, str] = {}
        if not right:
            reasons["correct"] = structure.difference(found.value, wanted)
            reasons["field_f1"] = reasons["correct"]
        if not bare:
            reasons["bare"] = "other text beside the JSON"
        if fits is None:
            reasons["valid_schema"] = "neither the row nor the probe has a schema"
        else:
            flaw = _checked(fits, found.value, sample)
            values["valid_schema"] = float(flaw is None)
            if flaw:
                reasons["valid_schema"] = flaw
        return Scores(values, answer=(found.text or text.strip())[:2_000], reasons=reasons)

    def _none(self, why: str, fits: Violations | None, answer: str | None = None) -> Scores:
        values: dict[str, float | None] = {m.name: 0.0 for m in self.metrics}
        reasons = dict.fromkeys(values, why)
        if fits is None:
            values["valid_schema"], reasons["valid_schema"] = None, "neither the row nor the probe has a schema"
        return Scores(values, answer=answer[:2_000] if answer else None, reasons=reasons)


@dataclass(frozen=True, slots=True)
class _Found:
    value: Any = None
    text: str | None = None
    problem: str | None = None


def _checked(fits: Violations, value: Any, sample: Sample) -> str | None:
    try:
        return fits(value)
    except UserError as error:
        raise UserError(f"row {sample.id!r}: {error.what}", fix=error.fix) from None


# --- the target ----------------------------------------------------------------------------------


def _target(sample: Sample) -> Any:
    target, why = sample.target, ""
    if isinstance(target, str):
        try:
            return _read_target(target)
        except ValueError as error:
            why = f" ({error})"
    elif isinstance(target, Mapping | list) and _finite(target):
        return target
    raise UserError(
        f"row {sample.id!r} needs a 'target' that is a JSON object or array, or JSON text, found {target!r:.80}{why}",
        fix="give each row of a json_schema hold-out the value that a right answer has",
    )


@lru_cache(maxsize=256)
def _read_target(text: str) -> Any:
    return json_text.read(text)


def _finite(value: Any) -> bool:
    return all(not isinstance(leaf, float) or math.isfinite(leaf) for _, leaf in structure.leaves(value))


# --- JSON among words ----------------------------------------------------------------------------

_LABELS = ("", "json", "jsonc", "json5", "jsonl", "javascript", "js", "text", "txt", "plaintext", "output")


def _among_words(text: str, whole: str, prompt: str, schema: Any) -> _Found:
    """The one value that the answer gives, or why there is none. `whole`: why the whole answer is no JSON."""
    found = list(json_text.pieces(text))
    blocks = json_text.fences(text)
    fenced, plain, other = [], [], []
    for piece in found:
        block = next((b for b in blocks if b.start <= piece.start < b.after), None)
        (plain if block is None else fenced if block.label in _LABELS else other).append(piece)
    scalar = [b for b in blocks if b.label == "json" and not any(b.start <= p.start < b.after for p in fenced)]
    for block in scalar:
        try:
            value = json_text.read(text[block.start : block.end])
        except ValueError:
            continue
        fenced.append(json_text.Piece(block.start, block.end, value))
    fenced.sort(key=lambda p: p.start)
    candidates = fenced or plain or other
    if not candidates:
        return _Found(problem=f"no JSON in the answer: {whole}" if len(text) < 200 else "no JSON in the answer")
    last = candidates[-1]
    if not _one(candidates) and not json_text.last_said(text, [(p.start, p.end) for p in candidates]):
        candidates = _without_echoes(candidates, prompt, schema)
        if not _one(candidates):
            return _Found(problem=f"{len(candidates)} JSON values, and none of them is said to be the answer")
        last = candidates[-1]
    if last.problem:
        return _Found(text=text[last.start : last.end], problem=f"no valid JSON: {last.problem}")
    return _Found(last.value, text[last.start : last.end])


def _one(pieces: list[json_text.Piece]) -> bool:
    """Whether all say the same; a broken one says nothing that could be compared."""
    first = pieces[0]
    return len(pieces) == 1 or all(
        p.problem is None and first.problem is None and structure.same(p.value, first.value) for p in pieces[1:]
    )


def _without_echoes(pieces: list[json_text.Piece], prompt: str, schema: Any) -> list[json_text.Piece]:
    """Without what the prompt or the schema says already, footnotes ([1]) and empty brackets, where others remain."""
    said = [p.value for p in json_text.pieces(prompt) if p.problem is None]
    if isinstance(schema, Mapping):
        said.append(schema)

    def echo(piece: json_text.Piece) -> bool:
        value = piece.value
        if piece.problem:
            return False
        footnote = isinstance(value, list) and len(value) == 1 and type(value[0]) is int and 0 <= value[0] < 1_000
        return not value or footnote or any(structure.same(value, s) for s in said)

    return [p for p in pieces if not echo(p)] or pieces
