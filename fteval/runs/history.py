"""What was accepted of one suite, release by release: a line each, in a file beside the baseline, oldest first.

The numbers are kept and not computed again: the runs themselves may be long gone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fteval.records import Metric
from fteval.runs import codec, strict
from fteval.runs.files import write_atomically

VERSION = 1
"""Goes up when a field means something else than before."""
FIX = "restore the file from git, or take the damaged lines out: one JSON object a line, oldest first"


@dataclass(frozen=True, slots=True)
class Step:
    """A paired difference to what was accepted earlier, in the metric's unit: later - earlier."""

    difference: float | None
    low: float | None
    high: float | None
    level: float
    n: int


@dataclass(frozen=True, slots=True)
class Point:
    """One metric of a release."""

    probe: str
    metric: Metric
    value: float | None
    low: float | None
    high: float | None
    n: int
    """Samples with a score."""
    step: Step | None
    """To the release before; None for the first one, and where the two are not comparable."""


@dataclass(frozen=True, slots=True)
class AnchorPoint:
    """One metric of a release against an anchor."""

    anchor: str
    run: str
    """The anchor's: a name can be given to another one later."""
    probe: str
    metric: Metric
    step: Step


@dataclass(frozen=True, slots=True)
class Release:
    """An accepted run as its line has it."""

    time: str
    run: str
    ref: str
    model: str
    suite: str
    probes: Mapping[str, str]
    """Name -> digest."""
    fteval: str
    points: tuple[Point, ...]
    replaced: str | None = None
    """The run of the baseline that this one replaced; None for the first."""
    breaks: Mapping[str, str] = field(default_factory=dict)
    """Probe -> why it cannot be compared with the release before."""
    anchored: tuple[AnchorPoint, ...] = ()
    forced: str | None = None
    """Why it was accepted although a gate stood against it."""
    anchor: str | None = None
    """The name under which the run was pinned. Such a line is no release, it only says where an anchor came from."""


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
