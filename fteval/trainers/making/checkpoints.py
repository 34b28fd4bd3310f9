"""Where an unfinished training is kept, so that the same record goes on from there: one checkpoint, whole or none.

<candidates>/.training/<folder>.kept/step-30/
  checkpoint.json        of which record and step it is, and the digest of every other file; written last
  adapter_model.safetensors (or model.safetensors), optimizer.pt, scheduler.pt, rng_state.pth, trainer_state.json
  watch.json …           what was seen so far, where the training is watched

The files that torch writes are read with `weights_only`, and none of them reaches a candidate.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fteval.engines.local.digests import file_digest
from fteval.engines.refs import read_json
from fteval.errors import UserError
from fteval.records import Candidate
from fteval.runs.journal.files import kill_point, sync_folder, write_atomically
from fteval.trainers.making import workshop
from fteval.trainers.making.candidate import as_json, folder_name, inputs_digest

FILE = "checkpoint.json"
SCHEMA = 1
_NEW = "new"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A training after so many steps, in a folder."""

    folder: Path
    step: int
    steps: int
    """Planned."""
    seconds: float
    """That these steps took."""


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The place of the checkpoint of one record; whoever writes there holds the workshop's lock."""

    place: Path
    inputs_digest: str
    """Of the record of the candidate that is being made."""

    def latest(self, note: Callable[[str], None]) -> Checkpoint | None:
        """The checkpoint to go on from; one that is damaged or another record's is not used, and noted."""
        for folder in sorted(self.place.glob("step-*"), key=lambda p: int(p.name.removeprefix("step-")), reverse=True):
            why = self._why_not(folder)
            if why is None:
                record = read_json(folder / FILE)
                return Checkpoint(folder, record["step"], record["steps"], record["seconds"])
            note(f"warning: the checkpoint {folder} is not used: {why}")
        return None

    def write(self, step: int, steps: int, seconds: float, fill: Callable[[Path], None]) -> Checkpoint:
        """A new checkpoint of what `fill` puts into a folder; the one before is gone when this one is whole.

        Raises what `fill` raises, and OSError or Incomplete when the disk does not take it: the one before stays.
        """
        new, folder = self.place / _NEW, self.place / f"step-{step}"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        try:
            fill(new)
            _sync(new)
            files = {path.name: file_digest(path) for path in sorted(new.iterdir())}
            record: dict[str, Any] = {"schema": SCHEMA, "inputs_digest": self.inputs_digest, "step": step}
            record |= {"steps": steps, "seconds": round(seconds, 1), "files": files}
            write_atomically(new / FILE, as_json(record))
            kill_point("before-kept")
            shutil.rmtree(folder, ignore_errors=True)  # of a damaged one
            os.rename(new, folder)
            sync_folder(self.place)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
        for other in self.place.glob("step-*"):
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)
        return Checkpoint(folder, step, steps, seconds)

    def clear(self) -> None:
        """Nothing is kept any more: the candidate is there, or the training leads nowhere."""
        shutil.rmtree(self.place, ignore_errors=True)

    def _why_not(self, folder: Path) -> str | None:
        try:
            record = read_json(folder / FILE)
            if record["schema"] != SCHEMA:
                return "it was written by another version of fteval"
            if record["inputs_digest"] != self.inputs_digest:
                return "it is of another record"
            changed = [name for name, wanted in record["files"].items() if file_digest(folder / name) != wanted]
        except (AttributeError, KeyError, OSError, TypeError, UserError, ValueError) as error:
            return f"it is damaged ({error.what if isinstance(error, UserError) else error!r})"
        return f"it is damaged ({', '.join(changed)})" if changed else None


def of_candidate(candidates_dir: Path, planned: Candidate) -> Checkpoints:
    """Where the training of that record is kept."""
    return Checkpoints(workshop.kept(candidates_dir, folder_name(planned)), inputs_digest(planned))


def _sync(folder: Path) -> None:
    for path in folder.iterdir():
        with open(path, "rb") as file:
            os.fsync(file.fileno())
