"""Rows as JSON lines that any reader takes: ASCII, one object a line."""

from __future__ import annotations

import functools
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any

import jsonlines

_dumps = functools.partial(json.dumps, ensure_ascii=True, allow_nan=False)


def as_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    """The text of a file with these rows. Raises ValueError for a row with NaN."""
    text = io.StringIO()
    with jsonlines.Writer(text, dumps=_dumps) as writer:
        writer.write_all(rows)
    return text.getvalue()
