"""Rows to learn from: in valid Unicode, and their digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from fteval.data.chat import valid_text


def cleaned(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows with every text in valid Unicode: tokenizers refuse half a surrogate pair."""
    return [_cleaned(dict(row)) for row in rows]


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return valid_text(value)
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {key: _cleaned(item) for key, item in value.items()}
    return value


def rows_digest(rows: Sequence[Mapping[str, Any]]) -> str:
    """`sha256:` of the rows as canonical JSON lines, in their order: the order is what the seed shuffles."""
    return "sha256:" + hashlib.sha256(b"".join(_line(row) for row in rows)).hexdigest()


def copies(rows: Sequence[Mapping[str, Any]]) -> int:
    """How many rows stand there before, word for word."""
    return len(rows) - len({_line(row) for row in rows})


def _line(row: Mapping[str, Any]) -> bytes:
    return json.dumps(row, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n"
