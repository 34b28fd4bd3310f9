"""Weights & Biases: a run for each candidate in a project, with numbers, tags and the reports as an artifact.

Key, server and mode are those of WANDB_API_KEY, WANDB_BASE_URL and WANDB_MODE (offline works).
"""

from __future__ import annotations

from collections.abc import Mapping

from fteval.errors import UserError
from fteval.records import Comparison, RunRecord
from fteval.reports.escape import one_line
from fteval.reports.exporters._folder import written
from fteval.reports.view import numbers

PLACE, WHAT = "PROJECT", "a run in Weights & Biases"


def check(place: str) -> None:
    try:
        import wandb  # noqa: F401  # whether it is there is the question
    except ImportError:
        raise UserError("-o wandb: needs wandb", fix="pip install 'fteval[wandb]'") from None


def export(subject: Comparison | RunRecord, place: str, files: Mapping[str, bytes]) -> str:
    import wandb

    places = []
    for one in numbers.of(subject):
        config = {key: one_line(value, 500) for key, value in one.tags.items()}
        with wandb.init(
            project=place or "fteval", name=one_line(one.name, 120), config=config, job_type="fteval",
            settings=wandb.Settings(console="off", silent=True),
        ) as run, written(files) as folder:  # fmt: skip
            run.log(dict(one.values))
            artifact = wandb.Artifact(f"fteval-{run.id}", type="report")
            artifact.add_dir(str(folder))
            run.log_artifact(artifact)
            places.append(str(run.url or run.dir))
    return ", ".join(places)
