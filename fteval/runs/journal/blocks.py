"""Columns in a file beside a run's journals: what they are of, and each with a checksum of its own. Always derived."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

from fteval.runs.journal.files import write_atomically


@dataclass(frozen=True, slots=True)
class Blocks:
    """A file of columns, its head read."""

    path: Path
    head: Mapping[str, Any]
    begin: int
    """Where the first block begins."""
    made: int
    """The filesystem's time of it, in nanoseconds."""

    def place(self, name: str) -> tuple[int, int]:
        """Where a block begins in the file, and how many bytes it has. Raises KeyError where there is none."""
        begin, length, _ = self.head["blocks"][name]
        return self.begin + begin, length

    def read(self, name: str) -> bytes:
        """A block. Raises KeyError where there is none, OSError, and ValueError for one that is not as it was
        written."""
        begin, length = self.place(name)
        with open(self.path, "rb") as file:
            file.seek(begin)
            data = file.read(length)
        if len(data) != length or crc32(data) != self.head["blocks"][name][2]:
            raise ValueError(f"{name} is damaged")
        return data


def load(path: Path, magic: bytes) -> Blocks:
    """The file that begins with this line. Raises OSError where it is not there, ValueError for another or damaged
    one."""
    with open(path, "rb") as file:
        first, check, text = file.readline(100), file.readline(20), file.readline()
        begin, made = file.tell(), os.fstat(file.fileno()).st_mtime_ns
    if first != magic or int(check, 16) != crc32(text):
        raise ValueError("not as it was written")
    return Blocks(path, json.loads(text), begin, made)


def save(path: Path, magic: bytes, head: Mapping[str, Any], blocks: Mapping[str, Any]) -> None:
    """Replaces the file; blocks are bytes and arrays. Raises Incomplete where the disk does not take it."""
    begin, table = 0, {}
    for name, data in blocks.items():
        view = memoryview(data).cast("B")
        table[name] = begin, len(view), crc32(view)
        begin += len(view)
    text = json.dumps({**head, "blocks": table}).encode("ascii") + b"\n"
    write_atomically(path, [magic, b"%08x\n" % crc32(text), text, *blocks.values()])
