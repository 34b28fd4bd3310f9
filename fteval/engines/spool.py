"""What would be too much to hold: records in a temporary file, or in one that is there, read back one by one."""

from __future__ import annotations

import os
import tempfile
from array import array
from collections.abc import Sequence
from typing import BinaryIO, overload

from fteval.errors import Incomplete

_HELD = 1 << 20
"""Bytes that are kept in memory: the file gets them together."""
_NEAR = 1 << 16
"""Bytes that are read together: records are mostly wanted one after the other."""


class Spool(Sequence[bytes]):
    """Records in the order in which they were added. Raises Incomplete where the disk does not take one."""

    def __init__(self) -> None:
        self._file: BinaryIO | None = None
        self._ends, self._written, self._last = array("Q"), 0, bytearray()
        self._near = 0, b""
        """What was read last, and where it begins: one value, since a server's requests are taken in another thread."""

    @classmethod
    def over(cls, file: BinaryIO, ends: array[int]) -> Spool:
        """The records of a file, which end there; nothing is added to it."""
        made = cls()
        made._file, made._ends, made._written = file, ends, ends[-1] if ends else 0
        return made

    def append(self, record: bytes) -> None:
        self._last += record
        self._ends.append(self._written + len(self._last))
        if len(self._last) >= _HELD:
            self._write()

    def _write(self) -> None:
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - it lives as long as this does
            left = memoryview(bytes(self._last))
            while left:
                left = left[os.pwrite(self._file.fileno(), left, self._written + len(self._last) - len(left)) :]
        except OSError as error:
            raise Incomplete(
                f"cannot write a temporary file: {os.strerror(error.errno or 0)}",
                where=tempfile.gettempdir(),
                fix="free some space there, or name another folder in TMPDIR",
            ) from error
        self._written += len(self._last)
        self._last = bytearray()

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
        if start >= self._written:
            return bytes(self._last[start - self._written : end - self._written])
        begin, data = self._near
        if not begin <= start or end > begin + len(data):
            assert self._file is not None  # what was written
            begin, data = start, os.pread(self._file.fileno(), max(end - start, _NEAR), start)
            self._near = begin, data
        return data[start - begin : end - begin]
