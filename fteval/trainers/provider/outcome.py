"""What a finished hosted job leaves behind: its model, its checkpoints, and how the loss went."""

from __future__ import annotations

import base64
import binascii
import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from fteval.errors import Incomplete, UserError
from fteval.trainers.provider.client import Provider
from fteval.trainers.provider.following import Heard, number


@dataclass(frozen=True, slots=True)
class Outcome:
    """A job's model and what is known of how it was made."""

    model: str
    """What the provider calls it."""
    training: dict[str, Any]
    """For candidate.json."""
    log: list[dict[str, float]]
    """The metrics of each step under the provider's names."""


def outcome(provider: Provider, job: Mapping[str, Any], heard: Heard, place: str) -> Outcome:
    """What came out of a job that succeeded. Raises Incomplete when it names no model."""
    model = job.get("fine_tuned_model")
    if not _is_id(model):
        raise Incomplete(
            f"{job['id']} succeeded, and names no model that could be asked", where=provider.url, fix="ask the provider"
        )
    log = _results(provider, job) or [{**values, "step": step} for step, values in sorted(heard.metrics.items())]
    began, ended = number(job.get("created_at")), number(job.get("finished_at"))
    training = {
        "job": job["id"],
        "server": place,
        "steps": int(max((row["step"] for row in log), default=0)) or None,
        "seconds": None if began is None or ended is None else ended - began,
        "loss": _first_and_last(log, "train_loss"),
        "valid_loss": _first_and_last(log, "valid_loss"),
        "trained_tokens": number(job.get("trained_tokens")),
        "checkpoints": _checkpoints(provider, str(job["id"])),
        "hyperparameters": _hyperparameters(job),
    }
    return Outcome(model, training, log)


def _is_id(name: Any) -> TypeGuard[str]:
    """Whether a name can stand in a command that people paste."""
    return isinstance(name, str) and re.fullmatch(r"[A-Za-z0-9._:/@-]{1,200}", name) is not None


def _first_and_last(log: list[dict[str, float]], name: str) -> list[float] | None:
    values = [row[name] for row in log if name in row]
    return [values[0], values[-1]] if values else None


def _checkpoints(provider: Provider, job_id: str) -> list[dict[str, Any]] | None:
    """Models kept on the way, the earliest first, each with its own id. None where the list is not to be had."""
    try:
        found = list(provider.checkpoints(job_id))
    except UserError:
        return None
    made = [
        {
            "model": entry["fine_tuned_model_checkpoint"],
            "step": number(entry.get("step_number")),
            "metrics": {
                key: n for key, value in (entry.get("metrics") or {}).items() if (n := number(value)) is not None
            },
        }
        for entry in found
        if _is_id(entry.get("fine_tuned_model_checkpoint"))
    ]
    return sorted(made, key=lambda checkpoint: checkpoint["step"] or 0)


def _hyperparameters(job: Mapping[str, Any]) -> dict[str, float]:
    """What was in effect, where the provider chose as well."""
    method = job.get("method") or {}
    chosen = {
        **(job.get("hyperparameters") or {}),
        **((method.get(method.get("type")) or {}).get("hyperparameters") or {}),
    }
    return {str(name): n for name, value in chosen.items() if (n := number(value)) is not None}


def _results(provider: Provider, job: Mapping[str, Any]) -> list[dict[str, float]]:
    """The rows of the first result file that has steps; empty where there is none to be had."""
    for file_id in job.get("result_files") or []:
        try:
            rows = _table(provider.content(str(file_id)))
        except UserError:
            continue
        if rows:
            return rows
    return []


def _table(content: bytes) -> list[dict[str, float]]:
    text = content.decode("utf-8", "replace")
    if "," not in text:  # some providers send their CSV in base64
        try:
            text = base64.b64decode(content, validate=True).decode("utf-8", "replace")
        except binascii.Error:
            return []
    rows = []
    try:
        for line in csv.DictReader(io.StringIO(text)):
            values = {key: n for key, value in line.items() if key and (n := _float(value)) is not None}
            if "step" in values:
                rows.append(values)
    except csv.Error:  # no table after all
        return []
    return rows


def _float(text: Any) -> float | None:
    try:
        return number(float(text))
    except (TypeError, ValueError):  # an empty cell
        return None
