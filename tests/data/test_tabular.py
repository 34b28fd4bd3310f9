"""Rows come from what Python has; a cell without a value is a key that is not there."""

from __future__ import annotations

import datetime
from typing import Any

import datasets
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from fteval.data.tabular import is_rows, rows_of
from fteval.errors import UserError

CELLS = {"prompt": ["a", "b", "c"], "target": ["1", None, "3"], "n": [1, 2, None]}
WANTED = [{"prompt": "a", "target": "1", "n": 1}, {"prompt": "b", "n": 2}, {"prompt": "c", "target": "3"}]
LISTED = [{"prompt": p, "target": t, "n": n} for p, t, n in zip(*CELLS.values(), strict=True)]


@pytest.mark.parametrize(
    "given",
    [
        LISTED,
        tuple(LISTED),
        iter(LISTED),
        pd.DataFrame(CELLS),
        pd.DataFrame(CELLS).astype({"n": "Int64", "target": "string"}),  # with pandas.NA
        pl.DataFrame(CELLS),
        pl.LazyFrame(CELLS),
        pa.table(CELLS),
        datasets.Dataset.from_dict(CELLS),
        datasets.Dataset.from_dict(CELLS).to_iterable_dataset(),
    ],
    ids=["list", "tuple", "iterator", "pandas", "pandas-NA", "polars", "lazy", "arrow", "datasets", "streamed"],
)
def test_every_kind_of_rows_is_the_same_rows(given: Any) -> None:
    assert is_rows(given)
    assert rows_of(given) == WANTED


def test_values_become_what_json_has() -> None:
    day = datetime.date(2026, 11, 30)
    row: dict[str, Any] = {
        "i": np.int64(3), "f": np.float32(0.5), "b": np.bool_(True), "s": np.str_("x"), "a": np.array([1, 2]),
        "t": day, "nat": pd.NaT, "nan": float("nan"), "stamp": pd.Timestamp(day),
        "deep": {"n": float("nan"), "k": None}, 3: "key", "slices": {"lang": "de", "topic": None},
    }  # fmt: skip
    assert rows_of([row]) == [
        {
            "i": 3, "f": 0.5, "b": True, "s": "x", "a": [1, 2], "t": "2026-11-30", "stamp": "2026-11-30T00:00:00",
            "deep": {"n": None, "k": None}, "3": "key", "slices": {"lang": "de"},
        }
    ]  # fmt: skip
    assert type(rows_of([row])[0]["s"]) is str and type(rows_of([row])[0]["i"]) is int


@pytest.mark.parametrize("given", ["file.jsonl", b"x", {"name": []}, ["a.jsonl", "b.jsonl"], [], 3, None])
def test_names_of_files_are_no_rows(given: Any) -> None:
    assert not is_rows(given)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"prompt": "a"}, "b"], "row 2 is str"),
        ([{"prompt": "a"}, {"target": object()}], "row 2: 'target' holds object"),
        ([{"x": float("inf")}], "row 1: 'x' is inf"),
        (pd.DataFrame([["a", "b"]], columns=["prompt", "prompt"]), "columns with one name: prompt"),
    ],
)
def test_what_is_no_row_is_said(rows: Any, said: str) -> None:
    with pytest.raises(UserError, match=said):
        rows_of(rows)
