"""The line of a journal: ASCII JSON with its own checksum, read as bytes, never trusted unchecked.

    {"crc":"89abcdef","v":1,"key":"…","status":"ok",…}

The checksum is the CRC-32 of everything behind the `crc` field, the newline excluded. Readers need no lock: a line
without its newline is one that somebody is writing, or was writing when the machine stopped, and does not count.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from zlib import crc32

from fteval.errors import Incomplete, UserError
from fteval.records.digests import encoder, value_of

VERSION = 1
"""Goes up when a line means something else than before. Lines of a higher version are not touched."""

_VERSION_FIELD = b'"v":%d,' % VERSION
_CRC_FIELD = b'{"crc":"%08x",'
_CHECKED_FROM = len(_CRC_FIELD % 0)
BODY = _CHECKED_FROM + len(_VERSION_FIELD)
"""Offset in every line of the record's own first field, so that a scan need not parse what it does not want."""

_encode = encoder(allow_nan=False, separators=(",", ":"))


class Line(NamedTuple):
    """One line as it lies in the file, newline included."""

    number: int
    offset: int
    data: bytes


Record = Mapping[str, Any] | bytes
"""What is written as a line: fields, or the object as JSON already."""


def spelling(value: Any) -> bytes:
    """A value as lines have it. Raises ValueError for NaN and infinities."""
    return _encode(value).encode("ascii")


def encode(record: Record) -> bytes:
    """The line of a record; its fields keep their order. Raises ValueError for NaN and infinities."""
    checked = _VERSION_FIELD + (record if isinstance(record, bytes) else spelling(record))[1:]
    return _CRC_FIELD % crc32(checked) + checked + b"\n"


def raw(path: Path) -> Iterator[Line]:
    """Every line with number and offset, unchecked; nothing for a file that does not exist.

    Bytes, split at newlines only: U+2028 and its friends are text.
    """
    try:
        if not path.is_file():
            return  # not there, or a device that might never end
        with open(path, "rb", buffering=1 << 20) as file:
            offset = 0
            for number, data in enumerate(file, start=1):
                yield Line(number, offset, data)
                if not data.endswith(b"\n"):
                    return  # its end may be written while we look: reading on would take that for a line
                offset += len(data)
    except OSError as error:
        raise Incomplete(f"cannot read {path}: {os.strerror(error.errno or 0)}", where=str(path)) from error


def checked(path: Path) -> Iterator[Line]:
    """Every complete line, its checksum verified, not parsed. An unfinished last line is left out: it never counted.

    Raises Incomplete naming file and line for a damaged one, UserError for one of a newer fteval.
    """
    for line in raw(path):
        reason = fault(line.data, path)
        if reason is None:
            yield line
        elif line.data.endswith(b"\n"):
            raise damaged(path, line.number, reason)


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Every record of a journal, in order. Raises as `checked`."""
    for line in checked(path):
        yield parse(line.data)


def at(file: BinaryIO, path: Path, offset: int) -> dict[str, Any]:
    """The record of the line that begins there. Raises Incomplete where that is none, or is damaged."""
    file.seek(offset)
    data = file.readline()
    reason = fault(data, path)
    if reason is not None:
        file.seek(0)
        number = 1 + sum(part.count(b"\n") for part in iter(lambda: file.read(min(1 << 20, offset - file.tell())), b""))
        raise damaged(path, number, reason)
    return parse(data)


def parse(data: bytes) -> dict[str, Any]:
    """The record of one checked line."""
    record: dict[str, Any] = value_of(data)
    return record


def check_version(record: Mapping[str, Any], path: Path) -> None:
    """Raises UserError when a record was written by a newer fteval."""
    version = record.get("v")
    if isinstance(version, int) and version > VERSION:
        raise UserError(
            f"written by a newer version of fteval (v {version}; this one knows {VERSION})",
            where=str(path),
            fix="upgrade fteval, or use another --store; nothing was modified",
        )


def fault(data: bytes, path: Path) -> str | None:
    """What is wrong with a line; None for a good one. Raises UserError for a line of a newer version."""
    if not data.endswith(b"\n"):
        return "the line has no end: writing it was cut off"
    checked = data[_CHECKED_FROM:-1]
    if data.startswith(_CRC_FIELD % crc32(checked)) and checked.startswith(_VERSION_FIELD):
        return None
    try:
        record = json.loads(data)
    except (ValueError, RecursionError):
        return "not a line of this journal"
    if isinstance(record, dict):
        check_version(record, path)
    return "the checksum does not match: the line was changed after it was written"


def damaged(path: Path, number: int, reason: str) -> Incomplete:
    """The error for a line that is not as it was written."""
    fix = f"`fteval runs verify --repair {path.parent.name}` moves that line aside; its answer is asked for again"
    return Incomplete(f"damaged journal: {reason}", where=f"{path}:{number}", fix=fix)
