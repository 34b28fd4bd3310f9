"""JSON answers: the form, the schema and the content, apart."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from fteval.errors import UserError
from fteval.evals.data.packaged import packaged
from fteval.evals.find.json_value import answered
from fteval.evals.formats import json_text, tree
from fteval.evals.formats.schema import Violations, shape
from fteval.evals.formats.text_or_file import content
from fteval.evals.language.text import blank, shown
from fteval.records import Generation, Metric, Sample, Scores

_MOST = 10_000


@dataclass(frozen=True, slots=True)
class JsonSchema:
    """Whether an answer is JSON, fits its schema and is right.

    Measures  correct: its one value is the target; valid_schema: it fits the schema; valid_json: RFC 8259 allows it;
              bare: nothing else stands there; field_f1: over (path, value)
    Chance    0; `field_f1` rewards constants
    Traps     duplicate keys, NaN and comments are no JSON
    Source    JSON Schema 2020-12; questions written for fteval
    """

    schema: Mapping[str, Any] | str | None = None
    """JSON Schema for rows without one of their own: an object, JSON text of it, or the name of a .json file."""

    version: ClassVar[int] = 1
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("correct", primary=True),
        Metric("valid_schema", partial=True),
        Metric("valid_json"),
        Metric("bare"),
        Metric("field_f1"),
    )

    def __post_init__(self) -> None:
        if isinstance(self.schema, str):
            object.__setattr__(self, "schema", content(self.schema, ".json"))
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
        found = answered(text, sample.prompt_text, schema)
        if found.problem:
            return self._none(found.problem, fits, found.text)
        right = tree.same(found.value, wanted)
        values: dict[str, float | None] = {
            "correct": float(right),
            "valid_schema": None,
            "valid_json": 1.0,
            "bare": float(found.bare),
            "field_f1": tree.leaf_f1(found.value, wanted),
        }
        reasons: dict[str, str] = {}
        if not right:
            reasons["correct"] = tree.difference(found.value, wanted)
            reasons["field_f1"] = reasons["correct"]
        if not found.bare:
            reasons["bare"] = "other text beside the JSON"
        if fits is None:
            reasons["valid_schema"] = "neither the row nor the probe has a schema"
        elif tree.n_leaves(found.value) > _MOST:
            reasons["valid_schema"] = f"more than {_MOST:,} values are not held against a schema"
        else:
            flaw = _checked(fits, found.value, sample)
            values["valid_schema"] = float(flaw is None)
            if flaw:
                reasons["valid_schema"] = flaw
        return Scores(values, answer=(found.text or "")[:2_000], reasons=reasons)

    def _none(self, why: str, fits: Violations | None, answer: str | None = None) -> Scores:
        values: dict[str, float | None] = {m.name: 0.0 for m in self.metrics}
        reasons = dict.fromkeys(values, why)
        if fits is None:
            values["valid_schema"], reasons["valid_schema"] = None, "neither the row nor the probe has a schema"
        return Scores(values, answer=answer[:2_000] if answer else None, reasons=reasons)


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
    return all(not isinstance(leaf, float) or math.isfinite(leaf) for _, leaf in tree.leaves(value))
