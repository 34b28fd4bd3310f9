"""Answers as a table: every sample of every model once, whole in Parquet, and no formula in CSV."""

from __future__ import annotations

import csv
import io

import pyarrow.parquet
import pytest
import scenes
from hostile import ATTACKS
from pages import flips, sheet

from fteval.reports.files import answers_csv, answers_parquet
from fteval.reports.view import answer_rows


def as_csv(texts: list[str]) -> list[dict[str, str]]:
    text = answers_csv.render_answers(scenes.lost(), sheet(texts))
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_a_row_per_sample_and_model_with_what_was_asked_answered_and_judged() -> None:
    comparison, shown = flips(40)
    rows = list(csv.DictReader(io.StringIO(answers_csv.render_answers(comparison, shown), newline="")))
    assert len(rows) == 80 and [r["model"] for r in rows[:2]] == ["base", "sft"]
    worse = next(r for r in rows if r["id"] == "q/10" and r["model"] == "sft")
    assert (worse["score.correct"], worse["reasons"]) == ("0.0", """{"correct": "does not say 'Venus'"}""")
    assert worse["prompt"].startswith("Which planet is number 10") and worse["target"] == "Venus"
    assert worse["slices"] == '{"kind": "even"}' and "Pluto" in worse["answer"]


def test_parquet_has_the_same_with_numbers_as_numbers() -> None:
    comparison, shown = flips(40)
    table = pyarrow.parquet.read_table(io.BytesIO(answers_parquet.render_answers(comparison, shown)))
    assert table.num_rows == 80 and str(table.schema.field("score.correct").type) == "double"
    assert table.to_pylist() == [{**dict.fromkeys(table.column_names), **row} for row in answer_rows.rows(shown)]


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_cell_is_a_formula_and_parquet_keeps_every_letter(attack: str) -> None:
    for row in as_csv([attack]):
        assert not any(value.lstrip()[:1] in tuple("=+-@＝＋－＠") for key, value in row.items() if "score" not in key)
    held = answers_parquet.render_answers(scenes.lost(), sheet([attack]))
    answers = pyarrow.parquet.read_table(io.BytesIO(held)).to_pylist()
    assert answers[1]["answer"] == attack.encode("utf-8", "backslashreplace").decode()


def test_without_answers_there_is_a_header() -> None:
    assert answers_csv.render(scenes.lost()).count("\r\n") == 1
    assert pyarrow.parquet.read_table(io.BytesIO(answers_parquet.render(scenes.lost()))).num_rows == 0
