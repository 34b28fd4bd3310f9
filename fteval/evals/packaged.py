"""The hold-outs that ship with the probes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources

from fteval.errors import NothingToEvaluate
from fteval.records import Sample, sample_from_row


def packaged(filename: str) -> Iterator[Sample]:
    """The samples of `fteval/evals/data/<filename>`, in order."""
    file = resources.files("fteval.evals").joinpath("data", filename)
    if not file.is_file():
        raise NothingToEvaluate(
            f"the packaged hold-out {filename} is missing",
            fix="reinstall fteval, or give a file of your own: --holdout FILE.jsonl",
        )
    with file.open("rb") as lines:
        for line in lines:
            if line.strip():
                yield sample_from_row(json.loads(line))
