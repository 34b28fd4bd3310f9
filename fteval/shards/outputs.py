"""The outputs in a folder: rows of the OpenAI batch format, found by their fields, whatever their files are called."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fteval.engines.remote.answer import answer, failed
from fteval.engines.remote.reply import Reply, Trouble, from_status, parsed, shortened
from fteval.errors import Incomplete, UserError
from fteval.records import Generation, Prompt, Request
from fteval.runs.journal import lines

ANSWERED, REFUSED, OPEN = 2, 1, 0
"""What an output row is worth: text; a failure of the request itself; one that another attempt may mend."""
_NOT_THE_REQUESTS = frozenset(("not_authorised", "not_found", "quota", "redirected"))
"""Failures of whoever ran the file: a wrong key, another model's name, no money."""
_NOBODY = Request("", "", Prompt(()), 0, 0)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the row of a key lies, and what it is worth."""

    path: Path
    offset: int
    length: int
    worth: int
    said: int
    """A hash of the answer: two rows that say the same are duplicates."""


@dataclass(slots=True)
class Outputs:
    """What a folder's outputs hold."""

    stops: Mapping[str, tuple[str, ...]]
    """Of every key that is asked for, the texts that end its answer."""
    found: dict[str, Place] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """What a reader should know: torn ends, keys with two answers."""
    mendable: Counter[str] = field(default_factory=Counter)
    """Kind of failure that another attempt may mend -> how many keys have nothing better."""

    def worth(self, key: str) -> int:
        place = self.found.get(key)
        return OPEN if place is None else place.worth

    def generation(self, request: Request) -> Generation:
        """The answer to a request that has a row here."""
        place = self.found[request.key]
        with open(place.path, "rb") as file:
            file.seek(place.offset)
            return read_row(json.loads(file.read(place.length)), request, self.stops[request.key])


def find(folder: Path, inputs: Collection[str], known: Mapping[str, tuple[str, ...]]) -> Outputs:
    """All output rows under a folder; `inputs` are its own files, `known` has each key with the texts that end its
    answer.

    Of several rows for a key text counts more than a failure, then the first one. An unfinished last line is left out.
    Raises UserError for a row of another plan and for every other line that is no batch row.
    """
    outputs = Outputs(known)
    differing: list[tuple[str, Path, int]] = []
    kinds: dict[str, str] = {}
    for path in sorted(folder.rglob("*.jsonl")):
        if str(path.relative_to(folder)) in inputs:
            continue
        for line in lines.raw(path):
            row = _parsed(line, path, outputs)
            if row is None or ("response" not in row and "error" not in row):
                continue  # blank, torn, or a copy of a request
            key = row["custom_id"]
            if key not in known:
                raise UserError(
                    f"an answer to '{shortened(str(key), 80)}', which this plan does not ask",
                    where=f"{path}:{line.number}",
                    fix="it is the output of another plan: move the file out of the folder",
                )
            found = read_row(row, _NOBODY, known[key])
            place = Place(path, line.offset, len(line.data), _worth(found), hash((found.text, found.finish_reason)))
            before = outputs.found.get(key)
            if before is None or place.worth > before.worth:
                outputs.found[key] = place
                kinds[key] = found.failure.kind if found.failure else ""
            elif before.worth == place.worth == ANSWERED and before.said != place.said:
                differing.append((key, path, line.number))
    outputs.mendable.update(kinds[key] for key, place in outputs.found.items() if place.worth == OPEN)
    if differing:
        key, path, number = differing[0]
        outputs.notes.append(
            f"{len(differing)} rows answer a key that is answered already, and say something else; the first answer "
            f"counts (first: {path}:{number}, {key[:12]}…, before in {outputs.found[key].path.name})"
        )
    return outputs


def read_row(row: Mapping[str, Any], request: Request, stop: tuple[str, ...]) -> Generation:
    """The generation that an output row holds. Its time is not known: a batch's rows are answered side by side."""
    response, error = row.get("response"), row.get("error")
    response = response if isinstance(response, Mapping) else {}
    status, body = response.get("status_code"), response.get("body")
    if status in (200, None) and isinstance(body, Mapping) and not error:
        read = body if "choices" in body else parsed(json.dumps(body))
        if isinstance(read, Trouble):
            return failed(request, read)
        return replace(answer(request, Reply(read, 0.0), stop), seconds=None)
    said = body or error
    text = said if isinstance(said, str) else json.dumps(said)
    if isinstance(status, int) and status != 200:
        return failed(request, from_status(status, text, None))
    code = error.get("code") if isinstance(error, Mapping) else None
    kind = "not_run" if code in ("batch_expired", "batch_cancelled") else "server_error"
    message = error.get("message") if isinstance(error, Mapping) else None
    return failed(request, Trouble(kind, shortened(str(message or text)), retriable=True))


def _worth(found: Generation) -> int:
    if found.failure is None:
        return ANSWERED
    return OPEN if found.failure.retriable or found.failure.kind in _NOT_THE_REQUESTS else REFUSED


def _parsed(line: lines.Line, path: Path, outputs: Outputs) -> dict[str, Any] | None:
    if not line.data.strip():
        return None
    try:
        row = json.loads(line.data)
    except (ValueError, RecursionError):
        if not line.data.endswith(b"\n"):
            outputs.notes.append(f"{path}:{line.number} is half-written and is left out")
            return None
        row = None
    if not isinstance(row, dict) or not isinstance(row.get("custom_id"), str):
        raise Incomplete(
            "not a row of a batch: " + shortened(line.data[:200].decode("utf-8", "replace"), 80),
            where=f"{path}:{line.number}",
            fix="mend or delete that line; its request can be run again",
        )
    return row
