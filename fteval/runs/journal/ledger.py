"""Every look at a hold-out: a line each time a verdict rested on it, kept in the store and never rewritten.

A hold-out that decides again and again is learnt through its verdicts, by whoever keeps what passed. Counting the looks
is the least that can be done about it (Dwork et al. 2015, arXiv:1506.02629; Blum and Hardt 2015, arXiv:1502.04585).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fteval.errors import Incomplete
from fteval.runs.journal import codec, lines

FILE = "ledger.jsonl"


@dataclass(frozen=True, slots=True)
class Look:
    """One candidate judged on one hold-out."""

    when: str
    """UTC, ISO 8601."""
    holdout: str
    """Digest of what its samples ask and want: another file with the same rows is the same hold-out."""
    probe: str
    suite: str
    candidate: str
    """Digest of the model: the same one judged again learns nothing new."""
    ref: str
    verdict: str


def read(root: Path) -> list[Look]:
    """Every look, oldest first; none where nothing was judged yet. Raises Incomplete naming a damaged line."""
    return read_file(root / FILE)


def read_file(path: Path) -> list[Look]:
    """The looks of one file. Raises as `read`."""
    found = []
    for record in lines.read(path):
        try:
            found.append(codec.from_json(Look, {k: v for k, v in record.items() if k not in ("crc", "v")}))
        except ValueError as error:
            raise Incomplete(f"a look that cannot be read: {error}", where=str(path)) from None
    return found


def line(look: Look) -> bytes:
    """A look as it stands in a file."""
    return lines.encode(codec.to_json(look))


def append(root: Path, looks: Iterable[Look]) -> None:
    """Adds looks. Raises Incomplete where the store cannot be written."""
    path = root / FILE
    try:
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            for look in looks:
                os.write(file, line(look))  # one write a line: two processes do not mix
            os.fsync(file)
        finally:
            os.close(file)
    except OSError as error:
        raise Incomplete(f"the look cannot be kept: {error.strerror}", where=str(path)) from None


def decided(looks: Iterable[Look]) -> dict[tuple[str, str], set[str]]:
    """(probe, hold-out) -> the candidates that were judged on it."""
    made: dict[tuple[str, str], set[str]] = {}
    for look in looks:
        made.setdefault((look.probe, look.holdout), set()).add(look.candidate)
    return made
