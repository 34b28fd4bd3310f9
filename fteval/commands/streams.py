"""Standard output that nobody reads, that is full or closed: no reason to lose a verdict or its exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable


def write(page: Callable[[], None]) -> str | None:
    """Has a page written to stdout; why it could not be, in words, else None."""
    try:
        page()
        sys.stdout.flush()
    except OSError as error:
        _lead_nowhere()
        return error.strerror or str(error)
    except ValueError:  # closed under Python's feet
        _lead_nowhere()
        return "stdout is closed"
    return None


def flush() -> None:
    """Writes out what is buffered. What cannot be written is dropped: Python would exit with 120 over it."""
    write(lambda: None)


def _lead_nowhere() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
    finally:
        os.close(nowhere)
