"""A training in several processes, as the one that starts them has it: what each is told, what comes back."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fteval.errors import Incomplete, UserError
from fteval.evals.find.own import OwnScorer
from fteval.experiment.experiment import ModelUse
from fteval.records import Ranks, Site, TrainProgress
from fteval.trainers.launch import processes
from fteval.trainers.launch.config import Launch


def ranks(launch: Launch, name: str, use: ModelUse, base: str, site: Site, precision: str) -> Ranks:
    """The processes that will train a candidate in the place of this one.

    Raises UserError for a reward that they could not be told.
    """
    told = {
        "name": name, "trainer": use.trainer, "recipe": _plain(use.recipe), "data": str(use.data), "where": use.where,
        "base": base, "candidates": str(site.candidates_dir), "offline": site.offline, "device": launch.device,
        "vllm": site.vllm,
    }  # fmt: skip

    def train_in(place: Path, environment: Mapping[str, Any]) -> Mapping[str, Any]:
        learnt: dict[str, Any] = {}

        def hear(said: Mapping[str, Any]) -> None:
            if "progress" in said and site.on_progress:
                site.on_progress(TrainProgress(*said["progress"]))
            if "preflight" in said and site.on_preflight:
                site.on_preflight(said["preflight"])
            learnt.update(said.get("learnt", {}))

        with tempfile.TemporaryDirectory(prefix="fteval-launch-") as folder:
            file = Path(folder, "training.json")
            file.write_text(json.dumps({**told, "place": str(place), "environment": dict(environment)}))
            processes.run(launch, "fteval.experiment.rank", [str(file)], precision, hear)
        if not learnt:
            raise Incomplete("all processes ended and none said what was learnt; no candidate was registered")
        return learnt

    return Ranks(launch.processes, launch.device, launch.recorded, train_in)


def _plain(recipe: Mapping[str, Any]) -> Any:
    """A recipe as JSON has it; functions in files by their names, whose code was allowed."""

    def named(value: Any) -> Any:
        if isinstance(value, OwnScorer):
            return f"{value.function.__code__.co_filename}:{value.name}"
        if isinstance(value, Path):
            return str(value)
        what = getattr(value, "name", type(value).__name__)
        raise UserError(f"--launch: {what} is of this process, the others cannot have it", fix="name FILE.py:FUNCTION")

    return json.loads(json.dumps(dict(recipe), default=named))
