"""MLflow: a run for each candidate in an experiment, with numbers, tags and the reports as artifacts.

The server is that of MLFLOW_TRACKING_URI; without one, MLflow's own default.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from fteval.errors import UserError
from fteval.records import Comparison, RunRecord
from fteval.reports.escape import one_line
from fteval.reports.exporters._folder import written
from fteval.reports.view import numbers

PLACE, WHAT = "EXPERIMENT", "a run in MLflow"
LONGEST = 500
"""Characters of a tag."""


def check(place: str) -> None:
    try:
        import mlflow  # noqa: F401  # whether it is there is the question
    except ImportError:
        raise UserError("-o mlflow: needs MLflow", fix="pip install 'fteval[mlflow]'") from None


def export(subject: Comparison | RunRecord, place: str, files: Mapping[str, bytes]) -> str:
    import mlflow

    client = mlflow.MlflowClient()
    name = place or "fteval"
    known = client.get_experiment_by_name(name)
    experiment = known.experiment_id if known is not None else client.create_experiment(name)
    ids = []
    for one in numbers.of(subject):
        tags = {key: one_line(value, LONGEST) for key, value in one.tags.items()}
        run = client.create_run(experiment, tags=tags, run_name=one_line(one.name, LONGEST)).info.run_id
        for metric, value in one.values.items():
            client.log_metric(run, re.sub(r"[^\w\-. :/]", "_", metric, flags=re.ASCII), value)
        with written(files) as folder:
            client.log_artifacts(run, str(folder))
        client.set_terminated(run)
        ids.append(run)
    return f"experiment {name!r} at {mlflow.get_tracking_uri()}, run {', '.join(ids)}"
