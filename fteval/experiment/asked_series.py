"""A series as it is typed: `--sizes 8,16 --seeds 3`, or two files of `--tasks`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fteval.config.series import SeriesKeys
from fteval.errors import UserError
from fteval.experiment.asked import Asked
from fteval.experiment.describe import describe, find_config
from fteval.experiment.experiment import Experiment, ModelUse
from fteval.experiment.series import trainings


def asked_series(asked: Asked, name: str, use: ModelUse, given: Mapping[str, Any]) -> Experiment:
    """The experiment of a series: its candidates, measured by what was asked, else by the folder's config.

    `given` are `sizes`, `tasks` and `seeds` as typed. Raises UserError for what they do not mean.
    """
    keys = _keys(given)
    if keys.tasks and use.data is not None:
        raise UserError("--tasks are the files to learn from", fix="leave --data out")
    if not keys.tasks and use.data is None:
        raise UserError("no rows to learn from", fix="name them with --data FILE")
    config = find_config(asked.config, wanted=not (asked.probes or asked.holdouts))
    experiment = describe(asked, config)
    return replace(experiment, candidates=dict(trainings(name, use, keys)))


def _keys(given: Mapping[str, Any]) -> SeriesKeys:
    values = {key: _split(value) if isinstance(value, str) else value for key, value in given.items()}
    try:
        values["sizes"] = [int(size) for size in values.get("sizes", ())]
    except ValueError:
        raise UserError(f"--sizes are whole numbers, found {given['sizes']!r}", fix="--sizes 8,16,32") from None
    try:
        return SeriesKeys.model_validate({**values, "tasks": [Path(task) for task in values.get("tasks", ())]})
    except ValidationError as error:
        raise UserError("\n".join(_told(one) for one in error.errors())) from None


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _told(error: Any) -> str:
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    name, *_ = error["loc"]
    return f"--{name}: {error['msg'].removeprefix('Input should be ')}, found {error['input']!r}"
