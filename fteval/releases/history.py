"""What was accepted of one suite, release by release: a line each, in a file beside the baseline, oldest first.

The numbers are kept and not computed again: the runs themselves may be long gone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from fteval.records import Release
from fteval.releases import strict
from fteval.runs.journal import codec
from fteval.runs.journal.files import write_atomically

VERSION = 1
"""Goes up when a field means something else than before."""
FIX = "restore the file from git, or take the damaged lines out: one JSON object a line, oldest first"


def read(path: Path) -> list[Release]:
    """Every line; none for a file that is not there.

    Raises Incomplete naming a damaged line, UserError for one of a newer fteval.
    """
    if not path.exists():
        return []
    found = []
    for number, line in enumerate(strict.read_bytes(path).split(b"\n"), start=1):
        if line.strip():
            try:
                row = strict.parse(line)
                strict.check_version(row.get("v"), VERSION, path)
                found.append(codec.from_json(Release, row))
            except (ValueError, OverflowError) as error:
                raise strict.damaged(path, f"line {number}: {error}", FIX) from None
    return found


def write(path: Path, releases: Sequence[Release]) -> None:
    """Replaces the file in one step: a line cut off by a full disk would be a damaged history."""
    rows = ({"v": VERSION, **codec.to_json(release)} for release in releases)
    write_atomically(
        path, (json.dumps(row, ensure_ascii=True, allow_nan=False).encode("ascii") + b"\n" for row in rows)
    )
