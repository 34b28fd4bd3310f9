"""One fine-tuning job at a provider, created once whatever happens: found again by its key, followed to its end.

A job's key is a digest of what it is asked for (base, server, rows, settings), not of when or by whom. It is in the
job's metadata, and names the notes beside the store's candidates:

    <candidates>/.training/job-<KEY>.json      files uploaded, whether creating was tried, the job's id
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fteval.engines.refs import read_json
from fteval.errors import Incomplete, UserError
from fteval.runs.asking.interrupt import Signals
from fteval.runs.journal.files import write_atomically
from fteval.runs.journal.journal import timestamp
from fteval.trainers.making.workshop import WORKSHOP
from fteval.trainers.provider.client import NotFound, Provider, Unanswered
from fteval.trainers.provider.order import MARK, Order

LOST = ("failed", "cancelled")
"""States that no model comes out of."""


@dataclass(slots=True)
class Notes:
    """What this store knows of an order; kept for ever, because it was paid for."""

    path: Path
    files: list[str] = field(default_factory=list)
    """Training files uploaded for it."""
    tried: bool = False
    """Whether a job was asked for and no answer has come."""
    job: str | None = None

    @classmethod
    def of(cls, order: Order, candidates_dir: Path) -> Notes:
        path = candidates_dir / WORKSHOP / f"{order.folder}.json"
        if not path.exists():
            return cls(path)
        known = read_json(path)
        return cls(path, [str(file) for file in known.get("files", [])], bool(known.get("tried")), known.get("job"))

    def save(self) -> None:
        noted = {"files": self.files, "tried": self.tried, "job": self.job, "written": timestamp()}
        write_atomically(self.path, (json.dumps(noted, indent=1) + "\n").encode())


def find(provider: Provider, order: Order, notes: Notes) -> dict[str, Any] | None:
    """The order's job that goes on or has succeeded; None when there is certainly none.

    By its id where that is known, else in the provider's list: by metadata, or by a file that was uploaded for it
    alone. Raises UserError when a job that was created is not to be seen any more.
    """
    if notes.job is not None:
        try:
            job = provider.job(notes.job)
        except NotFound as error:
            fix = f"{error.fix}; if that job was deleted, delete {notes.path} too"
            raise NotFound(error.what, where=error.where, fix=fix) from None
        if job.get("status") not in LOST:
            return job
    for pause in provider.waits.looks if notes.tried else (0.0,):
        time.sleep(pause)
        for job in provider.jobs():
            metadata = job.get("metadata") or {}
            ours = metadata.get(MARK) == order.key or job.get("training_file") in notes.files
            if ours and job.get("status") not in LOST:
                return job
    return None


def create(provider: Provider, order: Order, notes: Notes, signals: Signals) -> dict[str, Any]:
    """The order's new job. Asked for once: after a lost answer it is looked for, not asked for again.

    Raises Unanswered when it is not there then.
    """
    with signals.cancelling():
        training = provider.upload("train.jsonl", order.training)
        notes.files.append(training)
        notes.save()
        validation = None if order.validation is None else provider.upload("validation.jsonl", order.validation)
    notes.job, notes.tried = None, True  # an earlier one gave no model
    notes.save()
    # Not cancelled in the middle: the answer says which job was paid for.
    try:
        return provider.create(order.body(training, validation))
    except Unanswered as error:
        with signals.cancelling():
            found = find(provider, order, notes)
        if found is None:
            raise Unanswered(
                f"{error.what}; the provider lists no such job",
                where=error.where,
                fix="run the same command again in a minute: it looks for the job first, and creates one only if there"
                " is none",
            ) from None
        return found
    except UserError:
        notes.tried = False  # refused: there is none
        notes.save()
        raise


def remember(notes: Notes, job: Mapping[str, Any]) -> str:
    """The job's id, which is written down before anything else is done."""
    if not isinstance(job.get("id"), str):
        raise Incomplete("the provider's job has no id", fix="run the same command again: it looks for the job first")
    notes.job, notes.tried = job["id"], False
    notes.save()
    return notes.job
