"""The engine for logs of lm-eval, `replay:lm-eval:DIR`: each document's answer, with lm-eval's own judgement of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fteval.engines import lm_eval_logs, refs
from fteval.engines.lm_eval_logs import LoggedDocument, Logs
from fteval.errors import UserError
from fteval.records import Check, Failure, Generation, Message, Prompt, Request, Sample, Sampling, digest
from fteval.records.readings import Likelihood

VERSION = 1
PREFIX = "replay:lm-eval:"


class LoggedEngine:
    """One folder of logs. Documents are found by TASK/HASH, the id that a benchmark gives them."""

    def __init__(self, ref: str, logs: Logs) -> None:
        self.ref, self.logs = ref, logs
        self._documents = {key: one for task in logs.tasks.values() for key, one in task.documents.items()}
        self._otherwise: dict[str, str] = {}
        self._untold: set[str] = set()

    def identity(self) -> Mapping[str, Any]:
        return {"engine": "lm-eval-log", "version": VERSION}

    def request_identity(self, sample: Sample, prompt: Prompt) -> Any:
        """Digest of what the log has of this document; None where it has nothing."""
        document = self._documents.get(sample.id)
        if document is None:
            return None
        # Turns that a template rendered cannot be told from a text.
        as_text = {one[0].role == "text" for one in (document.messages, prompt.messages)}
        if len(as_text) > 1:
            self._untold.add(sample.id)
        elif document.messages != prompt.messages:
            self._otherwise[sample.id] = digest([[m.role, m.content] for m in document.messages])
        return document.digest

    def asked_otherwise(self) -> str | None:
        return digest(self._otherwise) if self._otherwise else None

    def remarks(self, unmet: Sequence[str]) -> Iterator[str]:
        """Documents that were asked otherwise than the base's, and tasks that nobody logged here."""
        name = self.logs.folder
        if self._otherwise:
            share = f"{len(self._otherwise)} of {len(self._documents)} documents"
            yield f"{share} in {name} were asked with another prompt (first: {next(iter(self._otherwise))})"
        if self._untold:
            share = f"{len(self._untold)} of {len(self._documents)} documents"
            yield f"{share} in {name} were asked in turns or as a text, elsewhere the other way: nobody knows if alike"
        if unmet:
            yield f"{name} has no document of {', '.join(unmet)}; logged there: {', '.join(self.logs.tasks)}"

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        return Prompt(tuple(messages))

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Generation]]:
        """The answers as they were logged: sampling fields do not apply."""
        yield [self._answer(request) for request in requests]

    def weigh(self, requests: Sequence[Request]) -> Iterator[list[Generation]]:
        """The same with the likelihoods of the choices; a failure where others were asked."""
        yield [self._answer(request) for request in requests]

    def loglikelihood(self, pairs: Sequence[tuple[Prompt, str]]) -> list[float]:
        raise UserError("a log has no likelihoods but its own", where=self.ref, fix="use a local model")

    def checks(self) -> Iterator[Check]:
        yield Check("outputs", True, f"answers are read from logs of lm-eval, no model is loaded: {self.ref}")

    def close(self) -> None:
        """Nothing is held open."""

    def _answer(self, request: Request) -> Generation:
        document = self._documents.get(request.sample_id)
        what = self._why_not(document, request)
        if document is None or what is not None:
            failure = Failure("no_output", f"{self.logs.folder} has {what} of document {request.sample_id}")
            return Generation(request.sample_id, request.key, request.repeat, failure=failure)
        chosen = document.responses if document.choices else ()
        weighed = tuple(Likelihood(nats, 0, 0, greedy) for nats, greedy in chosen)
        return Generation(
            request.sample_id,
            request.key,
            request.repeat,
            text=document.text,
            likelihoods=weighed if weighed and all(math.isfinite(one.nats) for one in weighed) else None,
            judged=document.values,
        )

    @staticmethod
    def _why_not(document: LoggedDocument | None, request: Request) -> str | None:
        if document is None:
            return "no log"
        if request.repeat:
            return "one answer"
        asked = tuple(one.text for one in request.continuations)
        return "other choices" if asked and asked != document.choices else None


def open_logs(ref: str) -> LoggedEngine:
    """The engine for a folder that lm-eval's --output_path named. Raises UserError for one without logs."""
    return LoggedEngine(ref, lm_eval_logs.read(folder_of(ref)))


def folder_of(ref: str) -> Path:
    """The folder that such a ref names, which exists."""
    return refs.existing_path(ref.removeprefix(PREFIX), refs.display(ref), "folder of logs")
