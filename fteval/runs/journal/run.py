"""One run's folder: where its journals lie, its frozen plan, its lock, and whether its lines are whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fteval.errors import Incomplete
from fteval.runs.journal import lines, repair
from fteval.runs.journal.elsewhere import fetch, index
from fteval.runs.journal.lock import Lock

JOURNALS = ("samples.jsonl", "generations.jsonl", "readings.jsonl", "replies.jsonl", "scores.jsonl", "events.jsonl")


@dataclass(frozen=True, slots=True)
class Run:
    """A run's folder and its frozen plan."""

    path: Path
    manifest: Mapping[str, Any]

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def plan(self) -> Mapping[str, Any]:
        """What must be the same for a run to be continued."""
        plan: Mapping[str, Any] = self.manifest["plan"]
        return plan

    @property
    def samples(self) -> Path:
        return self.file("samples.jsonl")

    @property
    def generations(self) -> Path:
        return self.file("generations.jsonl")

    @property
    def scores(self) -> Path:
        return self.file("scores.jsonl")

    @property
    def readings(self) -> Path:
        """What references said; not there where none was asked."""
        return self.file("readings.jsonl")

    @property
    def replies(self) -> Path:
        """What judges said; not there where none was asked."""
        return self.file("replies.jsonl")

    @property
    def events(self) -> Path:
        return self.file("events.jsonl")

    def file(self, name: str) -> Path:
        """The place of one of its files; what lies in a store elsewhere is fetched first."""
        path = self.path / name
        if not path.exists():
            fetch(self.path, name)
        return path

    def content(self, name: str) -> bytes | None:
        """SHA-256 of one of its files, also of one that was not fetched yet; None where there is none."""
        path = self.path / name
        if path.exists():
            with open(path, "rb") as file:
                return hashlib.file_digest(file, "sha256").digest()
        known = index(self.path).get(name)
        return None if known is None else bytes.fromhex(known["sha256"])

    def lock(self) -> Lock:
        """The one writer's lock. Raises Incomplete naming who holds it."""
        return Lock(self.path / ".lock")


def verify_run(run: Run) -> tuple[int, list[repair.Damage]]:
    """How many lines a run's journals have, and which are damaged."""
    found = [repair.verify(run.file(name)) for name in JOURNALS]
    return sum(count for count, _ in found), [damage for _, damages in found for damage in damages]


def repair_run(run: Run) -> list[repair.Damage]:
    """Moves the damaged lines of a run to side files, under its lock; a resumed or new run computes what is missing."""
    with run.lock():
        return [damage for name in JOURNALS for damage in repair.repair(run.file(name))]


def read_run(path: Path) -> Run | None:
    """The run of a folder; None for one that was killed before its plan was frozen."""
    file = path / "manifest.json"
    if not file.exists():
        return None
    manifest = load_json(file)
    for name, kind in {"ref": str, "created": str, "planned": int, "plan": dict, "probes": dict}.items():
        if not isinstance(manifest.get(name), kind):
            raise _damaged(file, f"it has no {name}")
    return Run(path, manifest)


def kept_run(path: Path) -> Run:
    """The run of a folder. Raises Incomplete where none is there any more."""
    run = read_run(path)
    if run is None:
        raise Incomplete("this run is no longer in the store", where=str(path))
    return run


def load_json(path: Path) -> dict[str, Any]:
    """A whole file's object. Raises Incomplete naming it when it is damaged, UserError for a newer fteval's."""
    try:
        value = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise _damaged(path, "it is not JSON") from None
    if not isinstance(value, dict):
        raise _damaged(path, "it is not an object")
    lines.check_version(value, path)
    return value


def _damaged(path: Path, reason: str) -> Incomplete:
    what = path.parent if path.name == "manifest.json" else path
    return Incomplete(f"damaged {path.name}: {reason}", where=str(path), fix=f"move {what} out of the store")
