"""A file of outputs or of saved scores, read whole and checked: what stands in it of each sample."""

from __future__ import annotations

import hashlib
import json
import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

from fteval.engines import refs
from fteval.engines.outputs import files
from fteval.engines.outputs.files import Row, kind
from fteval.engines.spool import Spool
from fteval.errors import UserError
from fteval.records import Message, canonical, digest
from fteval.records.columns import Marks, Rows
from fteval.records.digests import digest_of, encoder, value_of
from fteval.records.foreign import is_scored, outputs_line

PREFIX = "replay:"
SHOWN = 10
"""Problems of a file that are listed."""
REASONS = ("stop", "length", "refusal")
Values = Mapping[str, float | None]
_SHORT = 16
"""Bytes of a fingerprint."""
_NOT_SAID = bytes(_SHORT)
"""In place of one; none is all zeros."""
_encode = encoder()


@dataclass(frozen=True, slots=True)
class Saved:
    """One row."""

    outputs: tuple[str | None, ...]
    """One for each repeat; none where there are scores alone."""
    reason: str | None
    error: str | None
    scores: tuple[Values, ...] = ()
    """For each repeat what it was found to be worth."""

    def judged(self, repeat: int) -> Values | None:
        return self.scores[repeat] if repeat < len(self.scores) else None


@dataclass(frozen=True, slots=True)
class About:
    """What a row of scores says of its sample."""

    turns: Sequence[tuple[str, str]]
    group: str | None
    slices: Mapping[str, str]


@dataclass(slots=True)
class SavedRows:
    """What a file holds."""

    path: Path
    rows: Held = field(default_factory=lambda: Held())
    lines: array[int] = field(default_factory=lambda: array("Q"))
    """Of each row."""
    by_id: Rows = field(default_factory=Rows)
    by_question: dict[bytes, int] = field(default_factory=dict)
    """Those whose system turn may be their chat template's, without it."""
    _asked: bytearray = field(default_factory=bytearray)
    _by_prompt: Marks = field(default_factory=Marks)
    _looked: int = 0
    """Rows whose prompts are in it: none where every sample is found by its id."""
    content: str | None = None
    """Digest of the file's bytes; None where it was written to while it was read."""
    about: dict[int, About] = field(default_factory=dict)
    """Of rows that have scores, and of those that have an error in their place."""

    def find(self, sample_id: str, messages: Sequence[Message]) -> int | None:
        """The row of a sample: by its id, else by what was asked."""
        row = self.by_id.row(sample_id)
        if row is not None:
            return row
        asked = fingerprint([(m.role, m.content) for m in messages])
        row = self.first_asked(asked)
        return self.by_question.get(asked) if row is None else row

    def first_asked(self, asked: bytes) -> int | None:
        """The first row that asked this."""
        for row in range(self._looked, len(self.lines)):
            if (one := self.asked_of(row)) is not None:
                self._by_prompt.add(_number(one), row)
        self._looked = len(self.lines)
        return next((row for row in self._by_prompt.places(_number(asked)) if self.asked_of(row) == asked), None)

    def asked_of(self, row: int) -> bytes | None:
        """What a row asked; None where it does not say."""
        found = bytes(self._asked[row * _SHORT : (row + 1) * _SHORT])
        return found if found != _NOT_SAID else None

    def add(self, row: Saved, line: int, asked: bytes | None) -> None:
        """Takes a row, and what it asked."""
        self._asked += asked or _NOT_SAID
        self.rows.append(row)
        self.lines.append(line)


class Held(Sequence[Saved]):
    """Rows in a file of our own: outputs are long, and are needed one after the other."""

    def __init__(self) -> None:
        self._spool = Spool()

    def append(self, row: Saved) -> None:
        rest = b"\n" + json.dumps([row.error, row.scores]).encode("ascii") if row.error or row.scores else b""
        self._spool.append(canonical([row.outputs, row.reason]) + rest)

    def digest(self, place: int) -> str:
        """Of all that a row answers, but why it may not."""
        told, _, rest = self._spool[place].partition(b"\n")
        if rest and (scores := self[place].scores):
            return digest([*value_of(told), scores])
        return digest_of(told)

    def __len__(self) -> int:
        return len(self._spool)

    @overload
    def __getitem__(self, place: int) -> Saved: ...
    @overload
    def __getitem__(self, place: slice) -> list[Saved]: ...
    def __getitem__(self, place: int | slice) -> Saved | list[Saved]:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        told, _, rest = self._spool[place].partition(b"\n")
        outputs, reason = value_of(told)
        error, scores = value_of(rest) if rest else (None, ())
        return Saved(tuple(outputs), reason, error, tuple(scores))


def _number(asked: bytes) -> int:
    return int.from_bytes(asked[:8], "little")


def place(ref: str) -> tuple[Path, str | None]:
    """The file that a `replay:` ref names, and whose answers in it. Raises UserError for one that is not there."""
    named = ref.removeprefix(PREFIX)
    path, mark, arm = named.rpartition("#")
    if not mark or refs.exists(named) or not refs.exists(path):
        path, arm = named, ""
    found = refs.existing_path(path, refs.display(ref), "file")
    if found.is_dir():
        raise UserError(
            f"{path} is a folder", where=str(found), fix=f"name a file; logs of lm-eval: replay:lm-eval:{path}"
        )
    return found, arm or None


def read(path: Path, arm: str | None = None) -> SavedRows:
    """A file's rows. Raises UserError naming the lines of everything that is wrong with it."""
    before = _stamp(path)
    found = SavedRows(path)
    problems: list[tuple[int, str]] = []
    mended = None
    for number, row in files.rows(path, problems, arm):
        problem = _take(row, number, found)
        if problem is not None:
            problems.append((number, problem))
            mended = mended or outputs_line(path, row)
    if problems:
        told = [f"  line {number}: {what}" for number, what in sorted(problems)[:SHOWN]]
        more = [f"  and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
        raise UserError(
            "\n".join([f"{len(problems)} bad rows in {path.name}", *told, *more]),
            where=str(path),
            fix=mended
            or '{"id": …, "output": …} or {"prompt" or "messages": …, "output": …}; "outputs": […] for repeats; '
            '"score" or "scores" for what was judged elsewhere',
        )
    if not found.rows:
        raise UserError(f"{path.name} has no rows", where=str(path))
    content = bytes_digest(path)
    found.content = content if _stamp(path) == before else None
    return found


def bytes_digest(path: Path) -> str:
    """Of all of a file."""
    with open(path, "rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _stamp(path: Path) -> tuple[int, int, int]:
    """What changes when a file is written to."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _take(row: Row, number: int, found: SavedRows) -> str | None:
    """Adds a row, or says what is wrong with it."""
    outputs = row.get(
        "outputs", [row.get("output")] if "output" in row or ("error" in row and not is_scored(row)) else None
    )
    if outputs is None and not is_scored(row):
        return "neither 'output' nor 'outputs', nor 'score' or 'scores'"
    if outputs is not None and not _texts(outputs):
        return "'output' must be text and 'outputs' a list of texts"
    try:
        scores, slices = _scores(row), _slices(row)
    except ValueError as error:
        return str(error)
    index = len(found.lines)
    identifier, asked = row.get("id"), None
    if identifier is not None:
        if isinstance(identifier, bool) or not isinstance(identifier, str | int):
            return f"'id' must be text or a whole number, found {kind(identifier)}"
        if (first := found.by_id.row(str(identifier))) is not None:
            return f"id {str(identifier)[:80]!r} is on line {found.lines[first]} already"
    if "messages" in row or "prompt" in row:
        asked = turns_of(row)
        if asked is None:
            return "'messages' must be a list of {role, content}, 'prompt' a text"
        if identifier is None and (first := found.first_asked(fingerprint(asked))) is not None:
            return f"the prompt of line {found.lines[first]} again: give ids, or 'outputs' for repeats"
    if identifier is None and asked is None:
        return "none of 'id', 'prompt' and 'messages'"
    if identifier is not None:
        found.by_id.add(str(identifier), index)
    if asked is not None and row.get("rendered") is True and asked[0][0] == "system":
        found.by_question.setdefault(fingerprint(asked[1:]), index)
    reason, why = row.get("finish_reason"), row.get("error")
    # What other tools call it (tool_calls, content_filter) says nothing about length.
    reason = reason if reason in REASONS else None
    row_of = Saved(tuple(outputs or ()), reason, str(why)[:500] if why else None, scores)
    found.add(row_of, number, None if asked is None else fingerprint(asked))
    if scores or why:
        group = row.get("group")
        found.about[index] = About(asked or (), None if group is None else str(group), slices)
    return None


def _slices(row: Row) -> dict[str, str]:
    given = row.get("slices") or {}
    if not isinstance(given, Mapping):
        raise ValueError(f"'slices' must be an object, found {kind(given)}")
    return {str(name): str(value) for name, value in given.items()}


def _texts(outputs: Any) -> bool:
    return isinstance(outputs, list) and all(text is None or isinstance(text, str) for text in outputs)


def _scores(row: Row) -> tuple[Values, ...]:
    """What a row says that its outputs are worth. Raises ValueError for what is no number."""
    if "score" not in row and "scores" not in row:
        return ()
    if "score" in row and "scores" in row:
        raise ValueError("both 'score' and 'scores': nobody knows which counts")
    if "score" in row:
        given: Any = [{"score": row["score"]}]
    else:
        held = row.get("scores", [])
        given = held if isinstance(held, list) else [held]
    if not all(isinstance(one, Mapping) for one in given):
        raise ValueError("'scores' must be an object of numbers, {\"correct\": 1}, or for repeats a list of them")
    return tuple({str(name): _score(str(name), value) for name, value in one.items()} for one in given)


def _score(name: str, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        said = f"{value!r:.40}" if not isinstance(value, bool) else str(value).lower()
        raise ValueError(f"{name[:40]!r} is {said}: a score is a number (1 for right, 0 for wrong), or null for none")
    try:
        read = float(value)
    except OverflowError:  # JSON has whole numbers of any length
        raise ValueError(f"{name[:40]!r} is larger than a number can be") from None
    if not math.isfinite(read):
        raise ValueError(f"{name[:40]!r} is {read}: write null where there is no score")
    return read


def turns_of(row: Row) -> list[tuple[str, str]] | None:
    """What a row asked; None when it cannot be read. A last assistant turn is the target."""
    if "messages" not in row:
        return [("user", row["prompt"])] if isinstance(row["prompt"], str) else None
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
    return pairs


def fingerprint(pairs: Sequence[tuple[str, str]]) -> bytes:
    """A short digest of what was asked."""
    return hashlib.blake2b(_encode(pairs).encode("ascii"), digest_size=_SHORT).digest()
