"""`fteval.score`: outputs made elsewhere, judged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fteval import registry
from fteval.data.tabular import rows_of
from fteval.errors import UserError
from fteval.experiment import score as scoring
from fteval.records import Probe


def score(rows: Any, probe: str | Probe, *, settings: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """Judges outputs made elsewhere: {"id", "scores", "answer", "reasons"} for each row, in order.

    `rows` are a JSONL file, a list of dicts, a frame of pandas or polars, or a `datasets.Dataset`: each has `prompt` or
    `messages`, `output` or `outputs`, and what the probe needs. `settings` are the parameters of a probe that is named.
    A score is None where a reason says why there is none. Raises UserError and its children.
    """
    given = Path(rows) if isinstance(rows, str | Path) else rows_of(rows)
    if not isinstance(probe, str) and settings:
        raise UserError("this probe is made already, and takes no settings", fix="name it, or set its fields")
    judge = registry.probe(probe, settings) if isinstance(probe, str) else probe
    return list(scoring.score_rows(given, scoring.fitted(judge, given)))
