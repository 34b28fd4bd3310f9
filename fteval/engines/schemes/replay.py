"""The engine for outputs made elsewhere: `replay:FILE.jsonl`, one row per sample with `output` or `outputs`.
(`replay:lm-eval:DIR` is `engines/logged.py`'s.)

Rows are found by `id`, else by what was asked (`messages` or `prompt`). Its identity holds no file: each request is
identified by its own row's outputs, so that editing one row makes one sample new.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fteval.engines import refs
from fteval.engines.logged import PREFIX, LoggedEngine, open_logs
from fteval.errors import UserError, check_kind
from fteval.records import Check, EnginePool, Failure, Generation, Message, Prompt, Request, Sample, Sampling, digest
from fteval.records.foreign import outputs_line

VERSION = 1
GROUP = 1000
"""Generations handed out together."""
SHOWN = 10
"""Problems of a file that are listed."""


def open_engine(ref: str, pool: EnginePool) -> ReplayEngine | LoggedEngine:
    """The engine for a file of outputs, or for logs. Raises UserError for one that is not there, or has bad rows."""
    if ref.startswith(PREFIX):
        return open_logs(ref)
    return ReplayEngine(ref, refs.existing_path(ref.removeprefix("replay:"), refs.display(ref), "file"))


class ReplayEngine:
    """One file of outputs. Read whole when opened; raises UserError with all of the file's problems."""

    def __init__(self, ref: str, path: Path) -> None:
        self.ref, self.path = ref, path
        self.on_event: Callable[[dict[str, Any]], None] | None = None
        self._outputs: list[tuple[str | None, ...]] = []
        self._reasons: list[str | None] = []
        self._by_id: dict[str, int] = {}
        self._by_prompt: dict[bytes, int] = {}
        self._mended: str | None = None
        """The line that makes rows of this file readable, where another tool wrote it."""
        self._met: set[int] = set()
        self._asked_of: dict[int, bytes] = {}
        self._otherwise: dict[str, str] = {}
        self._read()

    def identity(self) -> Mapping[str, Any]:
        return {"engine": "replay", "version": VERSION}

    def request_identity(self, sample: Sample, prompt: Prompt) -> Any:
        """Digest of the outputs that this sample will be given; None where the file has no row for it."""
        row = self._find(sample.id, prompt.messages)
        if row is None:
            return None
        self._met.add(row)
        asked = _asked([(m.role, m.content) for m in prompt.messages])
        if self._asked_of.get(row, asked) != asked:
            self._otherwise[sample.id] = self._asked_of[row].hex()
        return digest([self._outputs[row], self._reasons[row]])

    def asked_otherwise(self) -> str | None:
        return digest(self._otherwise) if self._otherwise else None

    def remarks(self, unmet: Sequence[str]) -> Iterator[str]:
        """Rows that answer nothing that is asked, and probes that nothing here answers: of another hold-out?"""
        name, n = self.path.name, len(self._outputs)
        ids = {row: known for known, row in self._by_id.items()}
        alone = [row for row in range(n) if row not in self._met]
        first = ", ".join(ids.get(row, f"row {row + 1}") for row in alone[:3])
        if self._otherwise:
            share = f"{len(self._otherwise)} of {len(self._met)} answers of {name}"
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
        row = self._find(request.sample_id, request.prompt.messages)
        if row is None:
            return _without(request, f"{self.path.name} has no row for sample {request.sample_id}")
        outputs = self._outputs[row]
        if request.repeat >= len(outputs):
            count = f"{len(outputs)} output{'s' if len(outputs) != 1 else ''}"
            return _without(
                request, f"{self.path.name} has {count} for sample {request.sample_id}, repeat {request.repeat + 1}"
            )
        text = outputs[request.repeat]
        if text is None:
            return _without(request, f"{self.path.name} has null as the output for sample {request.sample_id}")
        return Generation(request.sample_id, request.key, request.repeat, text=text, finish_reason=self._reasons[row])

    def _find(self, sample_id: str, messages: Sequence[Message]) -> int | None:
        row = self._by_id.get(sample_id)
        return row if row is not None else self._by_prompt.get(_asked([(m.role, m.content) for m in messages]))

    def _read(self) -> None:
        """Raises UserError naming the lines of everything that is wrong."""
        problems: list[str] = []
        lines: list[int] = []  # line of each row, for duplicates
        try:
            check_kind(self.path)
            with self.path.open("rb") as file:
                for number, line in enumerate(file, 1):
                    if number == 1:
                        line = line.removeprefix(b"\xef\xbb\xbf")
                        if line[:2] in (b"\xff\xfe", b"\xfe\xff", b"\x1f\x8b"):
                            kind = "gzip" if line[:2] == b"\x1f\x8b" else "UTF-16"
                            raise UserError(f"{self.path.name} is {kind}, not UTF-8 JSON lines", where=str(self.path))
                    if line.strip():
                        problem = self._take(line, number, lines)
                        if problem is not None:
                            problems.append(f"line {number}: {problem}")
        except OSError as error:
            raise UserError(f"cannot read {self.path.name}: {error.strerror}", where=str(self.path)) from error
        if problems:
            more = [f"and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
            raise UserError(
                "\n".join(
                    [f"{len(problems)} bad rows in {self.path.name}", *(f"  {p}" for p in [*problems[:SHOWN], *more])]
                ),
                where=str(self.path),
                fix=self._mended
                or '{"id": …, "output": …} or {"prompt" or "messages": …, "output": …}; "outputs": […] for repeats',
            )
        if not lines:
            raise UserError(f"{self.path.name} has no rows", where=str(self.path))

    def _take(self, line: bytes, number: int, lines: list[int]) -> str | None:
        """Adds a row, or says what is wrong with it."""
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            return f"not JSON: {str(error)[:120]}"
        if not isinstance(row, dict):
            return f"an object is needed, found {_kind(row)}"
        self._mended = self._mended or outputs_line(self.path, row)
        outputs = row.get("outputs", [row.get("output")] if "output" in row else None)
        if outputs is None:
            return "neither 'output' nor 'outputs'"
        if not isinstance(outputs, list) or not all(text is None or isinstance(text, str) for text in outputs):
            return "'output' must be text and 'outputs' a list of texts"
        reason = row.get("finish_reason")
        if reason not in (None, "stop", "length"):
            reason = None  # what other tools call it (tool_calls, content_filter) says nothing about length
        index = len(lines)
        identifier, asked = row.get("id"), None
        if identifier is not None:
            if isinstance(identifier, bool) or not isinstance(identifier, str | int):
                return f"'id' must be text or a whole number, found {_kind(identifier)}"
            if (first := self._by_id.get(str(identifier))) is not None:
                return f"id {str(identifier)[:80]!r} is on line {lines[first]} already"
        if "messages" in row or "prompt" in row:
            asked = _asked_by(row)
            if asked is None:
                return "'messages' must be a list of {role, content}, 'prompt' a text"
            if identifier is None and (first := self._by_prompt.get(asked)) is not None:
                return f"the prompt of line {lines[first]} again: give ids, or 'outputs' for repeats"
        if identifier is None and asked is None:
            return "none of 'id', 'prompt' and 'messages'"
        if identifier is not None:
            self._by_id[str(identifier)] = index
        if asked is not None:
            self._by_prompt.setdefault(asked, index)
            self._asked_of[index] = asked
        self._outputs.append(tuple(outputs))
        self._reasons.append(reason)
        lines.append(number)
        return None


def _asked_by(row: Mapping[str, Any]) -> bytes | None:
    """What a row asked, as a short digest; None when it cannot be read. A last assistant turn is the target."""
    if "messages" not in row:
        return _asked([("user", row["prompt"])]) if isinstance(row["prompt"], str) else None
    turns = row["messages"]
    if not isinstance(turns, list) or not turns:
        return None
    pairs = []
    for turn in turns:
        if (
            not isinstance(turn, dict)
            or not isinstance(turn.get("role"), str)
            or not isinstance(turn.get("content"), str)
        ):
            return None
        pairs.append((turn["role"], turn["content"]))
    if len(pairs) > 1 and pairs[-1][0] == "assistant":
        pairs.pop()
    return _asked(pairs)


def _asked(pairs: Sequence[tuple[str, str]]) -> bytes:
    return hashlib.blake2b(json.dumps(pairs).encode("ascii"), digest_size=16).digest()


def _kind(value: Any) -> str:
    return {"dict": "an object", "list": "a list", "str": "text", "NoneType": "null", "bool": "true or false"}.get(
        type(value).__name__, "a number"
    )


def _without(request: Request, message: str) -> Generation:
    return Generation(request.sample_id, request.key, request.repeat, failure=Failure("no_output", message))
