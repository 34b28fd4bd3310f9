"""Answers and scores as Parquet, whole and unescaped, for pandas, polars and DuckDB: a row per sample and model."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from typing import Any

from fteval.data.convert.parquet import pyarrow_with_parquet
from fteval.records import Comparison, Judged, RunRecord, Sheet
from fteval.reports.view import answer_rows

ENDING, WHAT = ".parquet", "a row per answer"
MOST = sys.maxsize


def check() -> None:
    """Raises UserError where pyarrow is missing."""
    pyarrow_with_parquet()


def render(subject: Comparison | RunRecord, worst: Sequence[Judged] = ()) -> bytes:
    """No rows, for who has no answers."""
    return _written([], [])


def render_answers(subject: Comparison | RunRecord, sheet: Sheet) -> bytes:
    return _written(answer_rows.scores(sheet), list(answer_rows.rows(sheet)))


def _written(scores: Sequence[str], rows: list[dict[str, Any]]) -> bytes:
    pyarrow = pyarrow_with_parquet()
    texts = [(name, pyarrow.string()) for name in answer_rows.TEXTS]
    schema = pyarrow.schema([*texts, *((name, pyarrow.float64()) for name in scores)])
    columns = {name: [_whole(row.get(name)) for row in rows] for name in schema.names}
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns, schema=schema), out)
    return out.getvalue()


def _whole(value: Any) -> Any:
    """A text that UTF-8 can hold: half of a pair of surrogates, which JSON can say, is shown as an escape."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
