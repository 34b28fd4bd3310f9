"""DIR/plan.json: which runs a folder of batch files belongs to, and what its files must hold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from fteval.errors import Incomplete, UserError
from fteval.experiment.experiment import Experiment
from fteval.records import Gate
from fteval.runs.journal import codec
from fteval.runs.journal.files import write_atomically
from fteval.version import __version__

NAME = "plan.json"
VERSION = 2
"""1 kept the arguments of `fteval run` instead of what they came to."""


@dataclass(frozen=True, slots=True)
class File:
    """A batch file as it was written."""

    run: str
    """The id of the run that it is a part of."""
    model: str
    """What the model is called in it."""
    rows: int
    sha256: str


@dataclass(slots=True)
class Record:
    """What plan.json says."""

    command: str
    """What was typed."""
    folder: str
    """Where it was typed; relative paths start there."""
    store: str
    shard_size: int
    experiment: dict[str, Any] | None = None
    """As `experiment_as_json` gives it; None in a plan that an older fteval wrote."""
    place: dict[str, Any] = field(default_factory=dict)
    """Device, dtype, batches, offline."""
    reports: list[str] = field(default_factory=list)
    """Files to write when all answers are there."""
    runs: dict[str, str] = field(default_factory=dict)
    """Name of base or candidate -> id of its run."""
    shards: dict[str, File] = field(default_factory=dict)
    """File -> what it holds; empty until all are planned."""
    missing: dict[str, File] = field(default_factory=dict)
    """The same of the files for what is left open by half-finished ones."""

    def save(self, folder: Path) -> None:
        data = json.dumps({"v": VERSION, "fteval": __version__, **asdict(self)}, indent=1)
        write_atomically(folder / NAME, data.encode("ascii") + b"\n")

    def check_files(self, folder: Path) -> None:
        """Raises UserError naming every batch file that is not as it was written. One that is gone is no error."""
        known = {**self.shards, **self.missing}
        changed = [n for n, f in known.items() if (folder / n).exists() and file_digest(folder / n) != f.sha256]
        if changed:
            raise UserError(
                "batch files were changed after they were written: " + ", ".join(changed[:5]),
                where=str(folder / changed[0]),
                fix="delete them; `fteval run … --shards` with the same arguments writes them again",
            )


def read(folder: Path) -> Record | None:
    """The record of a folder; None where there is none. Raises Incomplete for a damaged one, UserError for a newer."""
    path = folder / NAME
    if not path.exists():
        return None
    try:
        value: Mapping[str, Any] = json.loads(path.read_bytes())
        if value["v"] > VERSION:
            raise UserError(f"{NAME} was written by a newer fteval", where=str(path), fix="upgrade fteval")
        files = {kind: {str(n): File(**f) for n, f in value[kind].items()} for kind in ("shards", "missing")}
        return Record(
            command=value["command"],
            folder=value["folder"],
            store=value["store"],
            shard_size=int(value["shard_size"]),
            experiment=value.get("experiment"),
            place=dict(value.get("place", {})),
            reports=[str(report) for report in value.get("reports", [])],
            runs=dict(value["runs"]),
            **files,
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Incomplete(
            f"damaged {NAME}: {type(error).__name__}: {error}",
            where=str(path),
            fix="delete it, and run `fteval run … --shards` anew",
        ) from None


def experiment_as_json(experiment: Experiment, gates: tuple[Gate, ...]) -> dict[str, Any]:
    """A frozen experiment with its gates in the units of their metrics."""
    return {"settings": codec.to_json(replace(experiment, gates=())), "gates": codec.to_json(gates)}


def experiment_from_json(value: Mapping[str, Any]) -> Experiment:
    """The experiment that `experiment_as_json` was given. Raises ValueError naming the field that does not fit."""
    experiment = codec.from_json(Experiment, value["settings"])
    return replace(experiment, gates=tuple(codec.from_json(Gate, gate) for gate in value["gates"]))


def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
