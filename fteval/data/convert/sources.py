"""Files as people have them, as objects one after the other: JSON of any layout, tables, Parquet, plain text."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from fteval.data.convert import json_values, tables
from fteval.data.convert.forms import PROMPTS
from fteval.data.convert.parquet import MAGIC, parquet_rows
from fteval.data.hints import likely_encoding
from fteval.data.jsonl import Problems, check_magic, unreadable
from fteval.errors import UserError, check_kind

Numbered = Iterator[tuple[int, Any]]
_TEXT = (".txt", ".text", ".md")
_TABLE = (".csv", ".tsv", ".tab")
_HEAD = 1 << 16
ESCAPED = re.compile("[\udc80-\udcff]")
"""Bytes that are no UTF-8, as `surrogateescape` reads them."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is read; None: as it looks."""

    encoding: str | None = None
    delimiter: str | None = None


def objects(path: Path, problems: Problems, reading: Reading = Reading()) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line or row number, object) of everything in a file that is one; the others go to `problems`. Memory is flat.

    Raises UserError for a file that cannot be read at all.
    """
    for number, value in _values(path, problems, reading):
        if isinstance(value, dict) and not _spoilt(value):
            yield from ((number, row) for row in unwrapped(value))
        elif isinstance(value, dict):
            problems.add(number, "not UTF-8", f"--encoding {likely_encoding(path)}, or whatever the file has")
        else:
            problems.add(number, f"no object but {type(value).__name__}: {str(value)[:60]!r}")


def _values(path: Path, problems: Problems, reading: Reading) -> Numbered:
    try:
        check_kind(path)
        with path.open("rb") as file:
            head = file.peek(_HEAD)[:_HEAD]
            if head.startswith(MAGIC):
                yield from parquet_rows(path)
                return
            check_magic(path, head)
            encoding = reading.encoding or _encoding(head)
            with _decoded(path, file, encoding) as text:
                yield from _of_text(path, text, head.decode(encoding, "replace"), problems, reading)
    except OSError as error:
        raise unreadable(path, error) from None
    except UnicodeDecodeError as error:
        raise UserError(
            f"not {error.encoding}: {error.reason}", where=str(path), fix="name another --encoding"
        ) from None


def _of_text(path: Path, text: TextIO, head: str, problems: Problems, reading: Reading) -> Numbered:
    start, suffix = head.lstrip("\ufeff \t\r\n")[:1], path.suffix.lower()
    if suffix in _TABLE or reading.delimiter is not None:
        return tables.table_rows(path, text, head, reading.delimiter, problems)
    if start == "[":
        return json_values.listed(text, problems)
    if start == "{" or suffix in (".json", ".jsonl", ".ndjson"):
        return json_values.lines(text, problems)
    if suffix not in _TEXT and tables.likely_delimiter(head) is not None:
        return tables.table_rows(path, text, head, None, problems)
    return _paragraphs(text)


def _paragraphs(text: TextIO) -> Numbered:
    """Texts that empty lines part, a row each."""
    held: list[str] = []
    first = 1
    for number, line in enumerate(text, 1):
        if line.strip():
            first = first if held else number
            held.append(line)
        elif held:
            yield first, {"text": "".join(held).strip()}
            held = []
    if held:
        yield first, {"text": "".join(held).strip()}


@contextmanager
def _decoded(path: Path, file: BinaryIO, encoding: str) -> Iterator[TextIO]:
    try:
        codecs.lookup(encoding)
    except LookupError:
        known = "utf-8, utf-16, windows-1252, gb18030, shift_jis, …"
        raise UserError(f"no encoding named {encoding!r}", where="--encoding", fix=known) from None
    # What is no UTF-8 spoils its row and not the file; another encoding was asked for, and holds or does not.
    how = "surrogateescape" if encoding.lower() in ("utf-8", "utf-8-sig") else "strict"
    with io.TextIOWrapper(file, encoding=encoding, errors=how, newline=_newline(path)) as text:
        yield text


def _newline(path: Path) -> str | None:
    return "" if path.suffix.lower() in _TABLE else None  # a cell may hold line ends of its own


def _encoding(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    even, odd = head[:400:2].count(0), head[1:400:2].count(0)
    if max(even, odd) > 0.3 * len(head[:400]) / 2:
        return "utf-16-le" if odd > even else "utf-16-be"
    return "utf-8-sig"


def _spoilt(value: Any) -> bool:
    if isinstance(value, str):
        return not value.isascii() and ESCAPED.search(value) is not None
    if isinstance(value, Mapping):
        return any(_spoilt(inner) for inner in value.values())
    return isinstance(value, list) and any(_spoilt(inner) for inner in value)


_ROW_KEYS = ("messages", "conversations", "contents", "conversation", "text", "chosen", "preferred_output", *PROMPTS)


def unwrapped(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of an object that only holds a list of them (`{"data": […], "version": …}`), else itself."""
    lists = [v for v in value.values() if isinstance(v, list) and v and all(isinstance(one, dict) for one in v)]
    held = any(key in value for key in _ROW_KEYS)
    if len(lists) != 1 or held:
        yield value["row"] if isinstance(value.get("row"), dict) and "row_idx" in value else value
    else:
        for one in lists[0]:
            yield one["row"] if isinstance(one.get("row"), dict) and "row_idx" in one else one
