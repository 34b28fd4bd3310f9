"""CSV: a row per metric and slice that a spreadsheet can filter, and no cell that it computes."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace

import pytest
import scenes
from hostile import ATTACKS, comparison, single
from hypothesis import example, given
from hypothesis import strategies as st
from made import probe, run

from fteval.records import Comparison, Gate, RunRecord
from fteval.reports.files import csv_table
from fteval.stats.compare import compare, conclude


def read(subject: Comparison | RunRecord) -> list[dict[str, str]]:
    text = csv_table.render(subject)
    assert text.encode().decode("utf-8") == text
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    assert all(None not in row and None not in row.values() for row in rows)
    return rows


def test_a_row_has_the_numbers_of_its_metric_and_its_gate() -> None:
    facts, iso = read(scenes.lost())
    assert (facts["name"], facts["probe"], facts["metric"], facts["slice"]) == ("sft", "facts", "correct", "")
    assert [float(facts[k]) for k in ("base", "candidate", "difference")] == pytest.approx([14 / 15, 0.2, -11 / 15])
    assert [int(facts[k]) for k in ("n_paired", "better", "worse", "planned", "scored")] == [300, 0, 220, 300, 300]
    assert [facts[k] for k in ("rule", "threshold", "result", "advisory")] == ["max_drop", "0.02", "fail", "false"]
    assert facts["reason"].startswith("lost 73.3 pp") and iso["result"] == "pass"


def test_every_metric_slice_and_gate_has_its_row() -> None:
    rows = read(scenes.everything())
    names = [(r["probe"], r["metric"], r["slice"], r["against"], r["rule"]) for r in rows]
    assert names.count(("triage", "correct", "", "base", "min_gain")) == 1
    assert names.count(("triage", "correct", "", "base", "min")) == 1
    assert names.count(("general", "correct", "", "anchor v2", "max_drop")) == 1
    assert names.count(("summaries", "overlap.collapsed", "", "base", "max_drop")) == 1
    assert sum(r["slice"].startswith("language=") for r in rows) == 4
    stopped = next(r for r in rows if r["probe"] == "safety")
    assert (stopped["planned"], stopped["scored"], stopped["low"], stopped["high"]) == ("1000", "111", "", "")
    gates = sum(len(c.gates) for c in scenes.everything().candidates)
    assert sum(bool(r["rule"]) for r in rows) == gates


def test_the_format_is_rfc_4180() -> None:
    text = csv_table.render(scenes.lost())
    lines = text.split("\r\n")
    assert lines[0].startswith("name,ref,verdict,probe,metric,slice,") and lines[-1] == ""
    assert "\n" not in text.replace("\r\n", "")


@example("=1+1")
@example("\t=1+1")
@example("\r@SUM(A1)")
@example("  -2+3")
@example("＝1+1")
@given(st.one_of(st.text(st.characters(), max_size=30), st.text("=+-@\t\r\n \",;'a1(|", max_size=12)))
def test_no_cell_is_a_formula(text: str) -> None:
    whole = scenes.lost()
    result = replace(whole.candidates[0], name=text, run=replace(whole.candidates[0].run, ref=text))
    for row in read(replace(whole, candidates=(result,), chosen=text)):
        for column in ("name", "ref"):
            assert row[column].lstrip()[:1] not in ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r")
            assert not any(ord(c) < 32 for c in row[column])
            if text[:1] in ("=", "+", "-", "@", "\t", "\r"):
                assert row[column].startswith("'")


def test_numbers_stay_numbers() -> None:
    facts, _ = read(scenes.lost())
    assert facts["difference"].startswith("-0.7333") and float(facts["low"]) < -0.7


@pytest.mark.parametrize("text", ATTACKS)
def test_hostile_text_changes_no_row(text: str) -> None:
    assert len(read(comparison(text))) == len(read(comparison("plain")))
    assert len(read(single(text)[0])) == 1


def test_what_is_not_known_is_empty() -> None:
    base, other = run(probe([math.nan] * 5)), run(probe([None] * 5), ref="x")
    gates = [Gate("facts", "correct", "max_drop", 0.02)]
    (row,) = read(conclude("c1", base, compare(base, [("x", other)], gates)))
    assert (row["base"], row["difference"], row["low"], row["result"]) == ("", "", "", "fail")


def test_what_a_candidate_costs_stands_in_each_of_its_rows() -> None:
    told, sft = read(scenes.advised())
    assert (told["name"], told["prompt_tokens"], told["answer_tokens"], told["training_seconds"]) == (
        "told", "28.0", "12.5", "",
    )  # fmt: skip
    assert (sft["training_seconds"], sft["training_tokens"], sft["usd"]) == ("12.0", "34000.0", "")
