"""One fine-tuning job at a provider, created once whatever happens: found again by its key, followed to its end.

A job's key is a digest of what it is asked for (base, server, rows, settings), not of when or by whom. It is in the
job's metadata, and names the notes beside the store's candidates:

    <candidates>/.training/job-<KEY>.json      files uploaded, whether creating was tried, the job's id
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fteval.engines.refs import read_json
from fteval.errors import Incomplete, UserError
from fteval.records import digest
from fteval.runs.files import write_atomically
from fteval.runs.interrupt import Signals
from fteval.runs.journal import timestamp
from fteval.trainers.progress import TrainProgress
from fteval.trainers.provider import Later, NotFound, Provider, Unanswered
from fteval.trainers.workshop import WORKSHOP

MARK = "fteval"
"""Under which a job's metadata has its key."""
LOST = ("failed", "cancelled")
"""States that no model comes out of."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a job is asked for."""

    server: str
    """Host and path of the API."""
    model: str
    method: Mapping[str, Any]
    seed: int
    suffix: str | None
    training: bytes
    """The training file."""
    validation: bytes | None
    digests: Mapping[str, str]
    """sha256 of the files, in hex, under the names that metadata has for them."""

    @property
    def key(self) -> str:
        asked = [self.server, self.model, dict(self.method), self.seed, self.suffix, dict(self.digests)]
        return digest(asked).removeprefix("sha256:")

    @property
    def workshop(self) -> str:
        return f"job-{self.key[:16]}"

    def body(self, training_file: str, validation_file: str | None) -> dict[str, Any]:
        """The request that creates the job."""
        body = {
            "model": self.model,
            "training_file": training_file,
            "method": dict(self.method),
            "seed": self.seed,
            "metadata": {MARK: self.key, **self.digests},
        }
        if self.suffix is not None:
            body["suffix"] = self.suffix
        if validation_file is not None:
            body["validation_file"] = validation_file
        return body


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
        path = candidates_dir / WORKSHOP / f"{order.workshop}.json"
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
        return None if job.get("status") in LOST else job
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
    notes.tried = True
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


@dataclass(slots=True)
class Heard:
    """What a job's events said so far."""

    metrics: dict[int, dict[str, float]] = field(default_factory=dict)
    """By step."""
    total: int = 0
    """Steps, as far as they are known."""
    warnings: list[str] = field(default_factory=list)
    """Not told yet."""
    _seen: set[str] = field(default_factory=set)

    def listen(self, provider: Provider, job_id: str) -> None:
        """Takes in what is new. Raises Later."""
        new: dict[str, dict[str, Any]] = {}
        last, backwards = 0.0, False
        try:
            for event in provider.events(job_id):
                at = number(event.get("created_at")) or last
                last, backwards = at, backwards or at < last
                if str(event.get("id")) not in self._seen:
                    new[str(event.get("id"))] = event
                elif backwards:  # the newest came first: the rest is known
                    break
        except NotFound:  # some servers keep no events
            return
        self._seen |= new.keys()
        for event in new.values():
            self._take(event, provider)

    def _take(self, event: Mapping[str, Any], provider: Provider) -> None:
        data, message = event.get("data"), str(event.get("message") or "")
        counted = re.search(r"[Ss]tep (\d{1,9})/(\d{1,9})", message)
        if counted:
            self.total = max(self.total, int(counted[2]))
        if event.get("type") == "metrics" and isinstance(data, dict) and isinstance(data.get("step"), int):
            self.metrics[data["step"]] = {key: n for key in data if (n := number(data[key])) is not None}
            self.total = max(self.total, int(number(data.get("total_steps")) or 0), data["step"])
        elif event.get("level") in ("warn", "error") and message:
            self.warnings.append(provider.clean(message))

    @property
    def progress(self) -> TrainProgress | None:
        """How far the job is; None before its first step."""
        if not self.metrics:
            return None
        step = max(self.metrics)
        return TrainProgress(step, self.total, self.metrics[step].get("train_loss"))


def number(value: Any) -> float | None:
    """A finite number as it is, None for everything else that a server may send in its place."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value


def follow(
    provider: Provider,
    job_id: str,
    say: Callable[[str], None],
    on_progress: Callable[[TrainProgress], None] | None,
) -> tuple[dict[str, Any], Heard]:
    """The job when it has succeeded, with what was heard on the way.

    Raises Incomplete for one that failed or was cancelled, and when the provider gives no answer for too long.
    """
    job: dict[str, Any] = {}
    heard, told, answered = Heard(), None, time.monotonic()
    for pause in provider.waits.between():
        try:
            job = provider.job(job_id)
            heard.listen(provider, job_id)
            answered = time.monotonic()
        except Later as error:
            if time.monotonic() - answered > provider.waits.patience:
                raise _goes_on(job_id, error) from None
            say(f"{error.what}; asking on")
        except UserError as error:
            raise _goes_on(job_id, error) from None
        while heard.warnings:
            say(f"{job_id}: {heard.warnings.pop(0)}")
        status = job.get("status")
        if status != told:
            say(f"{job_id} is {status}")
            told = status
        if heard.progress and on_progress:
            on_progress(heard.progress)
        if status == "succeeded":
            break
        if status in LOST:
            raise _lost(provider, job_id, job)
        time.sleep(pause)
    return job, heard


def _goes_on(job_id: str, error: UserError) -> Incomplete:
    return Incomplete(
        f"{error.what}; {job_id} may go on at the provider",
        where=error.where,
        fix="the same command follows it again"
        + (f"; {error.fix}" if error.fix and not isinstance(error, Later) else ""),
    )


def _lost(provider: Provider, job_id: str, job: Mapping[str, Any]) -> Incomplete:
    if job.get("status") == "cancelled":
        return Incomplete(
            f"{job_id} was cancelled", where=provider.url, fix="the same command creates a new job, if it is wanted"
        )
    error = job.get("error")
    said = error if isinstance(error, dict) else {}
    told = [provider.clean(said[part]) for part in ("code", "message") if said.get(part)]
    told += [f"param {provider.clean(said['param'])}"] if said.get("param") else []
    return Incomplete(
        ": ".join([f"{job_id} failed", *told]),
        where=provider.url,
        fix="put right what it says; the same command then creates a new job",
    )
