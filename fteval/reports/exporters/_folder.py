"""Report files for the libraries that take files by their path."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written(files: Mapping[str, bytes]) -> Iterator[Path]:
    """A folder with these files, for as long as they are read."""
    with tempfile.TemporaryDirectory(prefix="fteval-") as folder:
        for name, held in files.items():
            (Path(folder) / name).write_bytes(held)
        yield Path(folder)
