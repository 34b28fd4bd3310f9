"""What a watch has seen and kept, in a checkpoint of the training: a resumed one goes on with it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fteval.records import Curve
from fteval.runs.journal.codec import from_json, to_json

FILE, WEIGHTS = "watched.json", "watched.safetensors"


@dataclass(frozen=True, slots=True)
class Seen:
    """A watch after some steps."""

    curve: Curve
    warnings: Mapping[str, str]
    """By kind: each is told once."""
    logs: Sequence[Mapping[str, float]]
    """Of the steps since the last look."""
    weights: Mapping[str, Any] | None
    """Those of the look that is kept, where a rule may ask for them."""


def write(seen: Seen, folder: Path) -> None:
    """Raises what the disk raises."""
    from safetensors.torch import save_file

    told = {"curve": to_json(seen.curve), "warnings": dict(seen.warnings), "logs": list(seen.logs)}
    (folder / FILE).write_text(json.dumps(told), encoding="utf-8")
    if seen.weights is not None:
        save_file(dict(seen.weights), folder / WEIGHTS)


def read(folder: Path) -> Seen:
    """What `write` wrote there."""
    from safetensors.torch import load_file

    told = json.loads((folder / FILE).read_text(encoding="utf-8"))
    weights = load_file(folder / WEIGHTS) if (folder / WEIGHTS).exists() else None
    return Seen(from_json(Curve, told["curve"]), told["warnings"], told["logs"], weights)
