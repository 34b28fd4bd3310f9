"""What was seen of a training, as a file beside what came out of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fteval.errors import UserError
from fteval.records import Curve
from fteval.runs.journal.codec import from_json, to_json
from fteval.runs.journal.files import cannot_write

FILE = "watch.json"


def write(curve: Curve, folder: Path) -> None:
    """Writes the file. Raises Incomplete when the disk does not take it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_text(json.dumps(to_json(curve), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise cannot_write(folder, error) from error


def summary(curve: Curve) -> dict[str, Any]:
    """What of it belongs into candidate.json."""
    kept = curve.last if curve.kept is None else curve.kept
    return {"looks": len(curve.looks), "kept": kept, "stopped": curve.stopped, "warnings": list(curve.warnings)}


def read(folder: Path) -> Curve | None:
    """The curve of a candidate; None for one that was not watched. Raises UserError for a file that is no curve."""
    path = folder / FILE
    if not path.exists():
        return None
    try:
        return from_json(Curve, json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise UserError(f"what was seen of the training cannot be read: {error}", where=str(path)) from None
