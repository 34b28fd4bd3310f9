"""Lines that people add beside a run while others may read or add: what is not whole is counted, and stops nobody."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from fteval.runs.journal import lines
from fteval.runs.journal.files import cannot_write
from fteval.runs.journal.journal import timestamp


def append(path: Path, record: Mapping[str, Any]) -> None:
    """Adds a line, with the time, and syncs it. Raises Incomplete where that cannot be."""
    data = lines.encode({"time": timestamp(), **record})
    try:
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            size = os.fstat(file).st_size
            torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
            whole = b"\n" + data if torn else data
            if os.write(file, whole) < len(whole):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file)
        finally:
            os.close(file)
    except OSError as error:
        raise cannot_write(path, error) from error


def read(path: Path, fields: Collection[str] = ()) -> tuple[list[dict[str, Any]], int]:
    """The records of all whole lines that have these fields, in order, and how many lines are none.

    Raises UserError for a newer fteval's.
    """
    found, damaged = [], 0
    for line in lines.raw(path):
        record = lines.parse(line.data) if lines.fault(line.data, path) is None else {}
        if record and all(field in record for field in fields):
            found.append(record)
        else:
            damaged += 1
    return found, damaged
