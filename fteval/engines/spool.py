"""What would be too much to hold: records in a temporary file, read back one by one."""

from __future__ import annotations

import os
import tempfile
import threading
from array import array
from collections.abc import Sequence
from typing import overload

from fteval.errors import Incomplete

_HELD = 8 << 20
"""Bytes that are kept in memory: a file is made for more."""


class Spool(Sequence[bytes]):
    """Records in the order in which they were added. Raises Incomplete where the disk does not take one."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_HELD)  # noqa: SIM115 - it lives as long as this does
        self._ends, self._lock = array("Q"), threading.Lock()

    def append(self, record: bytes) -> None:
        end = self._ends[-1] if self._ends else 0
        try:
            self._file.seek(end)
            self._file.write(record)
            self._file.flush()
        except OSError as error:
            raise Incomplete(
                f"cannot write a temporary file: {os.strerror(error.errno or 0)}",
                where=tempfile.gettempdir(),
                fix="free some space there, or name another folder in TMPDIR",
            ) from error
        self._ends.append(end + len(record))

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, place: int) -> bytes: ...
    @overload
    def __getitem__(self, place: slice) -> list[bytes]: ...
    def __getitem__(self, place: int | slice) -> bytes | list[bytes]:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        end = self._ends[place]
        start = self._ends[place - 1] if place % len(self._ends) else 0
        with self._lock:  # a server's requests are taken in a thread of their own
            self._file.seek(start)
            return self._file.read(end - start)
