"""A job at a provider, followed to its end: how far it is, what its loss is, and what became of it."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fteval.errors import Incomplete, UserError
from fteval.records import TrainProgress
from fteval.trainers.provider.client import Later, NotFound, Provider
from fteval.trainers.provider.jobs import LOST


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
            say(f"{job_id}: {provider.clean(status)}")
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
