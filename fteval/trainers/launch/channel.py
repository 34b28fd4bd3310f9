"""What processes that train together tell the one that started them: a line of JSON each, on their stdout.

{"progress": [3, 40, 1.25, 12.0, null]}     {"preflight": "first of 40 rows …"}     {"learnt": {"counts", "course"}}
{"failed": {"kind": "Incomplete", "rank": 1, "what": …, "where": …, "fix": …}}
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from fteval import errors
from fteval.errors import Incomplete, Interrupted, UserError

MARK = "fteval-rank "
"""Begins each line, so that what a library prints is told apart."""


def open_channel() -> int:
    """The descriptor to tell by. What this process prints goes to stderr from now on."""
    told = os.dup(1)
    os.dup2(2, 1)
    return told


def tell(channel: int, **what: Any) -> None:
    """In one write, which a pipe keeps whole up to 4,096 bytes when several processes write at once."""
    os.write(channel, (MARK + json.dumps(what) + "\n").encode())


def told(line: str) -> Mapping[str, Any] | None:
    """What a line tells; None for what a library printed."""
    if not line.startswith(MARK):
        return None
    try:
        found = json.loads(line[len(MARK) :])
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def as_told(error: BaseException, rank: int) -> dict[str, Any]:
    if isinstance(error, UserError):
        kind = next(one.__name__ for one in type(error).__mro__ if one.__module__ == errors.__name__)
        return {"kind": kind, "rank": rank, "what": error.what, "where": error.where, "fix": error.fix}
    return {"kind": "bug", "rank": rank, "what": f"{type(error).__name__}: {error}"[:2000], "where": None, "fix": None}


def as_raised(failed: Mapping[str, Any], processes: int) -> UserError:
    """The error that a process met, to be raised where it was started."""
    kind = getattr(errors, failed["kind"], None)
    if isinstance(kind, type) and issubclass(kind, UserError) and not issubclass(kind, Interrupted):
        return kind(failed["what"], where=failed["where"], fix=failed["fix"])
    return Incomplete(
        f"process {failed['rank']} of {processes} failed: {failed['what']}; no candidate was registered",
        fix="the same command trains it anew",
    )
