"""The hold-outs and judged examples that ship with the probes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from fteval.errors import NothingToEvaluate
from fteval.records import Generation, Sample, sample_from_row
from fteval.records.readings import Divergence


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
                yield sample_from_row(json.loads(line), tools=True)


@dataclass(frozen=True, slots=True)
class Example:
    """An answer to be judged, as `fteval probes show` does."""

    params: Mapping[str, Any]
    sample: Sample
    generation: Generation


def examples(probe: str) -> Iterator[Example]:
    """A few answers, good ones and some that only look it, from `fteval/evals/data/examples/<probe>.jsonl`."""
    file = resources.files("fteval.evals").joinpath("data", "examples", f"{probe}.jsonl")
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
        row = json.loads(line)
        apart = Divergence(*row.pop("divergence")) if "divergence" in row else None
        why = row.get("finish_reason", "stop")
        answer = Generation("", text=row["output"], finish_reason=why, divergence=apart)
        yield Example(row.pop("params", {}), sample_from_row(row, tools=True), answer)
