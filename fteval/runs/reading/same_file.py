"""Which file of outputs a run was found to be of, by all of its bytes: what was once found need not be found again.

Beside the run's journals, derived: it can be deleted, and then the file's rows are held against the run's once more.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from fteval.errors import Incomplete
from fteval.runs.journal.files import write_atomically

FILE = "outputs.json"


def is_known(run: Path, outputs: str, file: str) -> bool:
    """Whether a file of this digest was found to say what the run of these outputs was given."""
    try:
        return bool(json.loads((run / FILE).read_bytes()) == {"outputs": outputs, "file": file})
    except (OSError, ValueError, RecursionError):
        return False


def remember(run: Path, outputs: str, file: str) -> None:
    """Keeps it where the store can be written."""
    with contextlib.suppress(OSError, Incomplete):
        write_atomically(run / FILE, json.dumps({"outputs": outputs, "file": file}).encode("ascii") + b"\n")
