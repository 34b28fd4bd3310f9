"""A constraint that a server follows: said with each request, and looked at in each answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from fteval.alternatives.layers.layer import Layer
from fteval.errors import UserError
from fteval.records import Constraint, Engine, Failure, Generation, Request, Sampling
from fteval.records.reasoning import parts

NAMES = {"regex": "regex", "choices": "choice", "grammar": "grammar"}
"""What vLLM calls them in `structured_outputs`."""


class Constraining(Layer):
    """A server's model that is told what its answers may be.

    A JSON schema is said as OpenAI's `response_format`, which most servers know; the rest as vLLM's
    `structured_outputs`. Who ignores that says nothing of it: an answer that ended and does not keep the constraint is
    a failure, never an answer of this candidate.
    """

    def __init__(self, inner: Engine, constraint: Constraint) -> None:
        """Raises UserError for what no server can be told."""
        if constraint.forbid_letters or constraint.words:
            raise UserError(
                f"{inner.ref} is behind a server, whose tokens nobody sees here: letters and words cannot be forbidden",
                fix="constrain a local model, or say what may be written: constrain: {regex: '[^eE]*'}",
            )
        super().__init__(inner, {"name": "constrain", "version": 1, **constraint.as_json()})
        self.constraint = constraint

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Generation]]:
        own = json.loads(sampling.extra_body or "{}")
        told = replace(sampling, extra_body=json.dumps({**own, **fields(self.constraint)}, sort_keys=True))
        for group in self.inner.generate(requests, told):
            yield [self._checked(generation) for generation in group]

    def _checked(self, generation: Generation) -> Generation:
        if generation.text is None or generation.finish_reason != "stop":
            return generation
        if keeps(self.constraint, parts(generation.text).answer.strip()) is not False:
            return generation
        what = f"the server did not keep its answer to the {self.constraint.grammar_kind}: {generation.text[:60]!r}"
        return replace(generation, text=None, failure=Failure("not_constrained", what))


def fields(constraint: Constraint) -> dict[str, Any]:
    """What a request says of a constraint."""
    kind, text = constraint.grammar_kind, constraint.grammar
    if kind == "json_schema":
        schema = {"name": "answer", "schema": json.loads(text), "strict": True}
        return {"response_format": {"type": "json_schema", "json_schema": schema}}
    return {"structured_outputs": {NAMES[kind]: json.loads(text) if kind == "choices" else text}}


def keeps(constraint: Constraint, text: str) -> bool | None:
    """Whether an answer is as it must be; None where that cannot be told here."""
    kind, written = constraint.grammar_kind, constraint.grammar
    if kind == "choices":
        return text in json.loads(written)
    if kind == "regex":
        try:
            return re.fullmatch(written, text, re.DOTALL) is not None
        except re.error:  # another dialect than Python's
            return None
    if kind == "json_schema":
        return _is_valid(text, json.loads(written))
    return None


def _is_valid(text: str, schema: Any) -> bool:
    from jsonschema.validators import validator_for

    try:
        return bool(validator_for(schema)(schema).is_valid(json.loads(text)))
    except ValueError:
        return False
