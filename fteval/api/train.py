"""`fteval.train`: make a candidate, or a series of them that is measured at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from fteval.api.given import MEASURED, Given
from fteval.api.results import Comparison, RunRecord, shown
from fteval.errors import UserError
from fteval.experiment import train as training
from fteval.experiment.asked_series import asked_series
from fteval.experiment.experiment import DEFAULT_STORE, ModelUse, WatchUse
from fteval.experiment.measure import measure
from fteval.experiment.place import Listener, Place
from fteval.experiment.watch import watch_of
from fteval.records import Candidate

SERIES = ("sizes", "tasks", "seeds")
"""What makes a series of one training."""
ABOUT = ("watch", "launch", "vllm", "listener", "allow_code")
"""How it is trained, beside the recipe."""


def train(
    trainer: str,
    base: str | Path | Candidate,
    data: Any = None,
    *,
    name: str | None = None,
    store: str | Path | None = None,
    offline: bool = False,
    device: str = "auto",
    **recipe: Any,
) -> Candidate | Comparison | RunRecord:
    """Makes a candidate of a base and rows; its `id` is a model for `run`.

    `data` are rows to learn from: a file, a list of dicts, a frame, a `datasets.Dataset`. `recipe` are the fields of
    the trainer's Recipe, and perhaps `watch` with the keys that it has in fteval.yaml,
    `launch="accelerate:CONFIG.yaml"` for several processes, `vllm` for a server, `listener` for who hears how it goes.
    What was trained before is not trained again.

    With `sizes=[8, 16]`, `seeds=3` or `tasks=[FILE, FILE]` it makes a series of candidates and measures them by
    `probes`, `holdout`, `score`, `gates`, `limit` or a `config`, all as in `run`: what comes back is the Comparison.
    Raises UserError and its children.
    """
    if not isinstance(base, str | Path | Candidate):
        raise UserError(
            f"base is {type(base).__name__}: what is trained is loaded from a ref", fix="nano, hf:…, a folder"
        )
    given = Given(Path(store) if store else DEFAULT_STORE)
    root = given.ref(base)
    about = {key: recipe.pop(key) for key in ABOUT if key in recipe}
    series = {key: recipe.pop(key) for key in SERIES if recipe.get(key) is not None}
    measured = {key: recipe.pop(key) for key in MEASURED if key in recipe} if series else {}
    rows = None if data is None else given.file(data, name or "train")
    use = ModelUse(trainer=trainer, recipe=recipe, data=rows, watch=_watch(about.get("watch"), given))
    place = Place(
        given.store, device, offline=offline, launch=about.get("launch"), vllm=about.get("vllm"),
        listener=about.get("listener") or Listener(),
    )  # fmt: skip
    called = name or (rows.stem if rows else "tasks")
    if series:
        asked = replace(given.asked(measured), against=root, allow_code=bool(about.get("allow_code")))
        return shown(measure(asked_series(asked, called, use, _files(series, given)), place), place.store)
    if rows is None:
        raise UserError("no rows to learn from", fix="data=FILE, or rows; several files with tasks=[…]")
    return training.train(called, use, root, place, bool(about.get("allow_code")))


def _watch(told: Any, given: Given) -> WatchUse | None:
    if told is None:
        return None
    rows = told.get("data") if isinstance(told, Mapping) else None
    return watch_of({**told, **({} if rows is None else {"data": str(given.file(rows, "dev"))})})


def _files(series: Mapping[str, Any], given: Given) -> dict[str, Any]:
    """The same with files for the rows of each task."""
    tasks = series.get("tasks")
    if tasks is None or isinstance(tasks, str):
        return dict(series)
    named = tasks.items() if isinstance(tasks, Mapping) else ((f"task-{n}", rows) for n, rows in enumerate(tasks, 1))
    return {**series, "tasks": [str(given.file(rows, str(name))) for name, rows in named]}
