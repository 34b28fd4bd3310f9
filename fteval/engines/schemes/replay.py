"""The engine for outputs made elsewhere: `replay:FILE`, of any tool's form, and saved scores.
(`replay:lm-eval:DIR` is `engines/logged.py`'s.)

Rows are found by `id`, else by what was asked (`messages` or `prompt`). Its identity holds no file: each request is
identified by its own row, so that editing one row makes one sample new.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from fteval.engines.logged import PREFIX, LoggedEngine, open_logs
from fteval.engines.outputs import saved
from fteval.engines.outputs.saved import SavedRows, fingerprint
from fteval.errors import UserError
from fteval.records import Check, EnginePool, Failure, Generation, Message, Prompt, Request, Sample, Sampling, digest

VERSION = 1
GROUP = 1000
"""Generations handed out together."""


def open_engine(ref: str, pool: EnginePool) -> ReplayEngine | LoggedEngine:
    """The engine for a file of outputs, or for logs. Raises UserError for one that is not there, or has bad rows."""
    return open_logs(ref) if ref.startswith(PREFIX) else ReplayEngine(ref, saved.read(*saved.place(ref)))


class ReplayEngine:
    """One file of outputs."""

    def __init__(self, ref: str, saved: SavedRows) -> None:
        self.ref, self.path = ref, saved.path
        self.on_event: Callable[[dict[str, Any]], None] | None = None
        self._saved = saved
        self._met = bytearray(len(saved.rows))
        self._otherwise: dict[str, str] = {}

    @property
    def content(self) -> str | None:
        """Digest of the file that was read; None where nobody can say."""
        return self._saved.content

    def identity(self) -> Mapping[str, Any]:
        return {"engine": "replay", "version": VERSION}

    def request_identity(self, sample: Sample, prompt: Prompt) -> Any:
        """Digest of the outputs that this sample will be given; None where the file has no row for it."""
        row = self._saved.find(sample.id, prompt.messages)
        if row is None:
            return None
        self._met[row] = True
        asked = fingerprint([(m.role, m.content) for m in prompt.messages])
        if (then := self._saved.asked_of(row)) not in (None, asked):
            self._otherwise[sample.id] = (then or b"").hex()
        return self._saved.rows.digest(row)

    def asked_otherwise(self) -> str | None:
        return digest(self._otherwise) if self._otherwise else None

    def remarks(self, unmet: Sequence[str]) -> Iterator[str]:
        """Rows that answer nothing that is asked, and probes that nothing here answers: of another hold-out?"""
        name, n = self.path.name, len(self._saved.rows)
        alone = [row for row, met in enumerate(self._met) if not met]
        first_alone = set(alone[:3])
        ids = {row: known for known, row in self._saved.by_id.items() if row in first_alone}
        first = ", ".join(ids.get(row, f"row {row + 1}") for row in alone[:3])
        if self._otherwise:
            share = f"{len(self._otherwise)} of {sum(self._met)} answers of {name}"
            yield f"{share} are to other prompts than the hold-out's (first: {next(iter(self._otherwise))})"
        if unmet:
            yield f"{name} answers no sample of {', '.join(unmet)}; its ids: {first}{', …' if len(alone) > 3 else ''}"
        elif alone:
            yield f"{len(alone)} of {n} rows of {name} are of no sample that is asked (first: {first})"

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        return Prompt(tuple(messages))

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Generation]]:
        """The file's outputs as they stand: sampling fields do not apply. A sample without output is a failure."""
        for start in range(0, len(requests), GROUP):
            yield [self._answer(request) for request in requests[start : start + GROUP]]

    def loglikelihood(self, pairs: Sequence[tuple[Prompt, str]]) -> list[float]:
        raise UserError("replayed outputs have no log-likelihoods", where=self.ref, fix="use a local model")

    def checks(self) -> Iterator[Check]:
        yield Check("outputs", True, f"outputs are read from a file, no model is loaded: {self.ref}")

    def close(self) -> None:
        """Nothing is held open."""

    def prompt_with(
        self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]], variables: Mapping[str, Any]
    ) -> Prompt:
        return Prompt(tuple(messages), tools=tuple(tools))

    def _answer(self, request: Request) -> Generation:
        row = self._saved.find(request.sample_id, request.prompt.messages)
        if row is None:
            return _without(request, f"{self.path.name} has no row for sample {request.sample_id}")
        found = self._saved.rows[row]
        judged = found.judged(request.repeat)
        n, what = (len(found.outputs), "output") if found.outputs else (len(found.scores), "score")
        if request.repeat >= n:
            count = f"{n} {what}{'s' if n != 1 else ''}"
            return _without(
                request, f"{self.path.name} has {count} for sample {request.sample_id}, repeat {request.repeat + 1}"
            )
        # Of who kept scores alone nobody knows the answer: what is shown in its place are these.
        text = found.outputs[request.repeat] if found.outputs else json.dumps(judged)
        if text is None:
            why = f" ({found.error})" if found.error else ""
            return _without(request, f"{self.path.name} has null as the output for sample {request.sample_id}{why}")
        known = None if judged is None else {name: value for name, value in judged.items() if value is not None}
        return Generation(
            request.sample_id, request.key, request.repeat, text=text, finish_reason=found.reason, judged=known
        )


def _without(request: Request, message: str) -> Generation:
    return Generation(request.sample_id, request.key, request.repeat, failure=Failure("no_output", message))
