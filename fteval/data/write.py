"""JSON lines that any reader takes: ASCII, one object a line, there as a whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from fteval.errors import UserError


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Writes the rows and returns how many; an existing file is replaced in one step.

    Raises UserError when the file cannot be written, ValueError for a row with NaN.
    """
    n_rows = 0
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise UserError(f"cannot write: {error.strerror}", where=str(path)) from None
    try:
        with os.fdopen(handle, "w", encoding="ascii", newline="\n") as file:
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=True, allow_nan=False) + "\n")
                n_rows += 1
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise UserError(f"cannot write: {error.strerror}", where=str(path)) from None
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return n_rows
