"""Rows that Python gave, as a file of the store: everything that reads, hashes or compares rows reads files."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from pathlib import Path
from typing import Any

from fteval.data.tabular import rows_of
from fteval.data.write import as_lines
from fteval.errors import UserError

FOLDER = "given"
"""Of a store; what lies in it can be deleted."""


def kept_rows(given: Any, name: str, store: Path) -> Path:
    """The file with these rows, named by what they are called and placed by their content.

    Raises UserError for what is no row, and for a name that is none.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise UserError(f"{name!r} is not a name for rows", fix="at most 64 letters, digits, '.', '_' and '-'")
    text = as_lines(rows_of(given)).encode("ascii")
    path = store / FOLDER / hashlib.sha256(text).hexdigest()[:16] / f"{name}.jsonl"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_name(f".{name}.{secrets.token_hex(4)}")
        half.write_bytes(text)
        os.replace(half, path)
    return path
