"""Rows as JSON lines that any reader takes: ASCII, one object a line."""

from __future__ import annotations

import functools
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jsonlines

_dumps = functools.partial(json.dumps, ensure_ascii=True, allow_nan=False)


def as_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    """The text of a file with these rows. Raises ValueError for a row with NaN."""
    text = io.StringIO()
    with jsonlines.Writer(text, dumps=_dumps) as writer:
        writer.write_all(rows)
    return text.getvalue()


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Writes rows one after the other, memory flat. Raises as `as_lines`."""
    with path.open("w", encoding="ascii") as file, jsonlines.Writer(file, dumps=_dumps) as writer:
        writer.write_all(rows)
