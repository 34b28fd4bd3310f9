"""What comes back is the record, and shows itself: to a notebook, a frame, a file and a test."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

import fteval
from fteval import cli, records
from fteval.errors import UserError

QUESTIONS = [{"id": f"q{i}", "prompt": f"What is {i} plus 1?", "target": str(i + 1)} for i in range(100)]


def knows(n: int) -> Callable[[list[dict[str, str]]], str]:
    """A model that adds rightly below n."""

    def answer(messages: list[dict[str, str]]) -> str:
        i = int(messages[-1]["content"].split()[2])
        return str(i + 1 if i < n else -1)

    return answer


GATE = {"probe": "holdout", "metric": "number", "min_gain": "20pp"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("results") / "store"


def compared(store: Path, base: int, candidate: int, **more: object) -> fteval.Comparison:
    given = {"base": fteval.Model(knows(base), name="base"), "new": fteval.Model(knows(candidate), name="new")}
    found = fteval.run(given["new"], given["base"], holdout=QUESTIONS, store=store, **more)
    assert isinstance(found, fteval.Comparison)
    return found


@pytest.fixture(scope="module")
def better(store: Path) -> fteval.Comparison:
    return compared(store, 40, 90, gates=GATE)


@pytest.fixture(scope="module")
def worse(store: Path) -> fteval.Comparison:
    return compared(store, 90, 40)


@pytest.fixture(scope="module")
def unsure(store: Path) -> fteval.Comparison:
    return compared(store, 50, 50)


@pytest.fixture(scope="module")
def single(store: Path) -> fteval.RunRecord:
    found = fteval.run(knows(40), holdout=QUESTIONS, store=store)
    assert isinstance(found, fteval.RunRecord)
    return found


def test_they_are_the_records(better: fteval.Comparison, single: fteval.RunRecord) -> None:
    assert isinstance(better, records.Comparison) and isinstance(single, records.RunRecord)
    # By hand: 50 answers gained, none lost, of 100.
    (change,) = better.candidates[0].changes
    assert (change.difference, change.better, change.worse) == (pytest.approx(0.5), 50, 0)
    assert repr(single) == f"RunRecord {single.id}: python:answer, complete, 100 answers, of holdout"


def test_only_a_ship_ships(better: fteval.Comparison, worse: fteval.Comparison, unsure: fteval.Comparison) -> None:
    assert better.ships and (better.why == "ship new: all gates pass" or better.why.startswith("ship new: "))
    better.raise_for_verdict()
    assert not worse.ships and "holdout.number lost 50.0 pp" in worse.why
    assert unsure.verdict == "cannot_tell" and not unsure.ships
    for one, code in ((worse, 1), (unsure, 4)):
        with pytest.raises(fteval.VerdictError) as caught:
            one.raise_for_verdict()
        assert (caught.value.verdict, caught.value.exit_code) == (one.verdict, code)
        assert caught.value.reason == str(caught.value) == one.why


def test_a_comparison_has_no_truth_value(better: fteval.Comparison, single: fteval.RunRecord) -> None:
    with pytest.raises(TypeError, match=r"\.ships. It says: ship new"):
        bool(better)
    with pytest.raises(TypeError):
        assert better
    assert single, "one run has nothing to mistake it for"


def test_an_assertion_that_fails_says_why(worse: fteval.Comparison) -> None:
    with pytest.raises(AssertionError, match=r"do not ship new: holdout\.number lost 50\.0 pp"):
        assert worse.ships, worse.why


def test_the_numbers_are_verdict_json_s(
    better: fteval.Comparison, single: fteval.RunRecord, store: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for one in (better, single):
        capfd.readouterr()
        assert cli.call(["report", one.id, "--store", str(store), "--json"]) == 0
        assert one.to_dict() == json.loads(capfd.readouterr().out)


def test_a_frame_has_the_columns_and_rows_of_the_csv(
    better: fteval.Comparison, single: fteval.RunRecord, tmp_path: Path
) -> None:
    for one in (better, single):
        written = list(csv.DictReader(io.StringIO(one.report(tmp_path / "x.csv").read_text())))
        frame = one.to_frame()
        assert list(frame.columns) == list(written[0])
        assert len(frame) == len(written)
        assert list(frame.metric) == [row["metric"] for row in written]
    assert better.to_frame().difference[0] == pytest.approx(0.5)


def test_answers_are_side_by_side_the_worst_first(worse: fteval.Comparison, single: fteval.RunRecord) -> None:
    rows = list(worse.answers())
    assert len(rows) == 100
    moved = [row["answers"]["new"]["scores"]["number"] - row["answers"]["base"]["scores"]["number"] for row in rows]
    assert moved == [-1.0] * 50 + [0.0] * 50
    assert rows[0]["answers"]["base"]["output"] == rows[0]["target"] and rows[0]["answers"]["new"]["output"] == "-1"
    assert [row["answers"]["python:answer"]["scores"]["number"] for row in single.answers()] == [0.0] * 60 + [1.0] * 40


@pytest.mark.parametrize("ending", [".html", ".md", ".json", ".xml", ".csv", ".prom"])
def test_a_report_is_what_the_command_line_writes(
    better: fteval.Comparison, store: Path, tmp_path: Path, ending: str
) -> None:
    path = better.report(tmp_path / "deep" / f"mine{ending}")
    assert cli.call(["report", better.id, "--store", str(store), "-o", str(tmp_path / f"theirs{ending}"), "-q"]) == 0
    assert path.read_bytes() == (tmp_path / f"theirs{ending}").read_bytes()


def test_what_cannot_be_written_is_said(better: fteval.Comparison, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"ending '\.docx'"):
        better.report(tmp_path / "x.docx")
    (tmp_path / "taken.md").mkdir()
    with pytest.raises(UserError, match="cannot be written: Is a directory"):
        better.report(tmp_path / "taken.md")
    with pytest.raises(UserError, match="a plot is an SVG"):
        better.plot().save(tmp_path / "x.png")
    with pytest.raises(UserError, match="no candidate 'nwe'"):
        better.plot("nwe")


def test_a_notebook_gets_html_and_svg(better: fteval.Comparison, single: fteval.RunRecord, tmp_path: Path) -> None:
    for one in (better, single):
        assert 'class="fteval"' in one._repr_html_() and "holdout.number" in one._repr_html_()
        drawn = one.plot()
        assert len(repr(drawn)) < 100 and type(drawn.svg) is str
        assert drawn._repr_svg_().startswith("<svg") and "holdout.number" in drawn.svg
        assert drawn.save(tmp_path / "plot.svg").read_text() == drawn.svg


def test_what_was_measured_is_loaded_and_compared_again(
    better: fteval.Comparison, store: Path, single: fteval.RunRecord
) -> None:
    again = fteval.load(better.id, store=store)
    assert isinstance(again, fteval.Comparison)
    assert (again.verdict, again.why) == (better.verdict, better.why)
    assert len(list(again.answers())) == 100
    run = fteval.load(better.base.id, store=store)
    assert isinstance(run, fteval.RunRecord)
    new = fteval.load(better.candidates[0].run.id, store=store)
    assert isinstance(new, fteval.RunRecord)
    found = fteval.compare(run, new, store=store)
    assert found.candidates[0].changes == better.candidates[0].changes
    with pytest.raises(UserError, match="nothing"):
        fteval.load("nothing", store=store)
