"""What a crash or an editor left in a journal: found, and moved aside without losing a byte."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fteval.runs.journal import lines
from fteval.runs.journal.files import cannot_write, write_atomically


@dataclass(frozen=True, slots=True)
class Damage:
    """A line that is not as it was written."""

    path: Path
    number: int
    reason: str

    @property
    def where(self) -> str:
        return f"{self.path}:{self.number}"


def verify(path: Path) -> tuple[int, list[Damage]]:
    """How many lines there are, and every damaged one, a torn last line included."""
    count, found = 0, []
    for line in lines.raw(path):
        count += 1
        reason = lines.fault(line.data, path)
        if reason is not None:
            found.append(Damage(path, line.number, reason))
    return count, found


def repair(path: Path) -> list[Damage]:
    """Moves exactly the damaged lines to `NAME.quarantine-<time>`; hold the run's lock.

    The file is replaced as a whole, so that there is no moment at which a good line is missing.
    """
    _, found = verify(path)
    if found:
        bad = {damage.number for damage in found}
        write_atomically(_side_file(path, "quarantine"), (line.data for line in lines.raw(path) if line.number in bad))
        write_atomically(path, (line.data for line in lines.raw(path) if line.number not in bad))
    return found


def move_torn_tail(path: Path, hear: Callable[[lines.Line], object] = lambda _: None) -> Path | None:
    """Moves a last line that is unfinished or damaged to `NAME.torn-<time>` and returns where; hold the run's lock.

    `hear` is told every good line, in order, so that who wants them need not read the file once more.
    Raises Incomplete for a damaged line anywhere else, UserError for one of a newer fteval: nothing is modified then.
    """
    bad: lines.Line | None = None
    for line in lines.raw(path):
        if bad is not None:
            raise lines.damaged(path, bad.number, lines.fault(bad.data, path) or "")
        if lines.fault(line.data, path) is not None:
            bad = line
        else:
            hear(line)
    if bad is None:
        return None
    side = _side_file(path, "torn")
    write_atomically(side, bad.data)
    try:
        # The one place where a journal gets shorter: by a line that never counted, and after it was copied.
        with open(path, "r+b") as file:
            file.truncate(bad.offset)
            os.fsync(file.fileno())
    except OSError as error:
        raise cannot_write(path, error) from error
    return side


def _side_file(path: Path, kind: str) -> Path:
    return path.with_name(f"{path.name}.{kind}-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}")
