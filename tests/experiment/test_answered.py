"""`fteval show`, `fteval diff` and the answers of a page, on runs that were really made."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import scenes

from fteval import cli
from fteval.errors import UserError
from fteval.experiment import answered, sheet
from fteval.experiment.answered import Difference
from fteval.experiment.saved import saved
from fteval.records import Comparison
from fteval.reports.terminal import answers

STORE = Path(".fteval")
REFUSAL = "I'm sorry, but I can't help with that."
Run = Callable[..., tuple[int, str, str]]


def found(which: str, **more: object) -> list[str]:
    made = answered.difference((), Difference(which, **more), STORE)  # type: ignore[arg-type]
    return [row.sample.id for row in made.rows]


def test_what_got_worse_better_or_neither_is_found(here: Path) -> None:
    """By hand: every tenth answer is wrong now, and q3 was wrong before."""
    worse = [f"q{i}" for i in range(0, 60, 10)]
    assert found("worse") == worse and found("better") == ["q3"]
    assert found("changed") == [*worse, "q3"] and len(found("same")) == 53
    assert found("worse", limit=2) == worse[:2]
    assert found("worse", probe="h") == worse == found("worse", probe="h.contains")


def test_a_row_has_both_answers_with_what_is_known_of_them(here: Path) -> None:
    made = answered.difference((), Difference("worse"), STORE)
    row = next(row for row in made.rows if row.sample.id == "q20")
    base, new = row.answers
    assert (base.text, base.scores["contains"], base.refuses) == ("The sum is 40.", 1.0, False)
    assert (new.text, new.scores["contains"], new.refuses) == (REFUSAL, 0.0, True)
    assert new.reasons["contains"]
    (cut,) = answered.sample("q11", "latest", STORE).rows
    assert [answer.cut_off for answer in cut.answers] == [False, True]


def test_a_page_of_a_saved_comparison_is_the_first_one_again(fteval: Run) -> None:
    """Saved comparisons hold no answers and no columns: they come from the runs."""
    assert fteval("report", "latest", "-o", "again.html")[0] == 0
    first, again = (Path(name).read_text(encoding="utf-8") for name in ("first.html", "again.html"))
    assert first == again
    order = re.findall(r"<h3><a href=\"#s[0-9a-f]{10}\">(q\d+)</a>", first)
    assert order[:7] == [*(f"q{i}" for i in range(0, 60, 10)), "q3"] and len(order) == 60


def test_a_page_of_a_single_run_begins_with_the_lowest_scores(fteval: Run) -> None:
    fteval(
        "run",
        "--model",
        "replay:new.jsonl",
        "--holdout",
        "h.jsonl",
        "--score",
        "contains",
        "-o",
        "one.html",
        "-q",
        "--store",
        "one",
    )
    page = Path("one.html").read_text(encoding="utf-8")
    order = re.findall(r"<h3><a href=\"#s[0-9a-f]{10}\">(q\d+)</a>", page)
    assert order[:6] == [f"q{i}" for i in range(0, 60, 10)]


def test_a_run_that_is_gone_leaves_the_others_and_is_said(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(made, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    subject = saved("latest", STORE)
    assert isinstance(subject, Comparison)
    shutil.rmtree(STORE / "runs" / subject.base.id)
    there = sheet.sheet(sheet.whole(subject, STORE))
    assert there.gone == ("base",) and there.rows[0].answers[0].text is None and there.rows[0].answers[1].text
    assert cli.call(["report", "latest", "-o", "gone.html", "-q"]) == 0
    assert "No texts of base" in Path("gone.html").read_text(encoding="utf-8")


def test_answers_that_were_judged_anew_since_the_verdict_are_said(here: Path) -> None:
    subject = saved("latest", STORE)
    assert isinstance(subject, Comparison) and sheet.ANEW not in sheet.whole(subject, STORE).warnings
    (result,) = subject.candidates
    then = replace(result, changes=tuple(replace(c, worse=c.worse + 1) for c in result.changes))
    assert sheet.ANEW in sheet.whole(replace(subject, candidates=(then,)), STORE).warnings


@pytest.mark.parametrize("scene", ["lost", "calm", "open_", "broken", "crowd", "everything"])
def test_a_comparison_with_its_own_scores_is_not_taken_for_one_judged_anew(scene: str) -> None:
    made: Comparison = getattr(scenes, scene)()
    assert sheet.whole(made, STORE).warnings == made.warnings  # type: ignore[union-attr]


WRONG = {
    "no such sample": (("show", "q99x"), "no sample 'q99x'", "Did you mean"),
    "several begin so": (("show", "q1"), None, None),
    "no such probe": (("diff", "--probe", "hh"), "no probe 'hh' in both runs", "Did you mean 'h'?"),
    "no such metric": (("diff", "--probe", "h.exact"), "h has no metric 'exact'", "Known: contains"),
    "no such candidate": (("diff", "--candidate", "sft"), "no candidate 'sft'", "Known: "),
    "three runs": (("diff", "a", "b", "c"), "two runs are shown side by side, found 3", "fteval diff BASE CANDIDATE"),
    "no such store": (("show", "q1", "--store", "nowhere"), "no store at nowhere", "--store"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_name_that_is_not_known_is_said_with_what_is(fteval: Run, wrong: str) -> None:
    words, what, fix = WRONG[wrong]
    code, out, err = fteval(*words)
    if what is None:
        assert code == 0 and out.startswith("q1 ")  # an id as it is goes before beginnings
    else:
        assert code == 2 and what in err and str(fix) in err and out == ""


def test_several_samples_that_begin_so_are_named(here: Path) -> None:
    with pytest.raises(UserError, match="60 samples begin with 'q'") as error:
        answered.sample("q", "latest", STORE)
    assert "q0, q1, q2, q3, q4, …" in str(error.value.fix)


def test_json_has_every_text_whole(fteval: Run) -> None:
    code, out, _ = fteval("diff", "--worse", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0 and [row["id"] for row in rows] == [f"q{i}" for i in range(0, 60, 10)]
    new = list(rows[2]["answers"].values())[1]
    assert (new["output"], new["refused"], rows[2]["target"]) == (REFUSAL, True, "40")


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_answers_stand_side_by_side_at_every_width(here: Path, width: int) -> None:
    made = answered.sample("q20", "latest", STORE)
    text = answers.render(made, width=width, color=False)
    lines = text.splitlines()
    assert max(map(len, lines)) <= width and "\x1b" not in text
    (line,) = [one for one in lines if one.startswith("The sum is 40.")]
    assert "| I'm sorry" in line and abs(line.index("|") - width / 2) <= 3
    coloured = answers.render(made, width=width, color=True)
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured).split() == text.split()


def test_one_run_has_nothing_to_differ_from(fteval: Run) -> None:
    run = next(iter((Path(".fteval") / "runs").iterdir())).name
    code, _, err = fteval("diff", run)
    assert code == 2 and "is one run: there is nothing to hold it against" in err
