"""`fteval show`, `fteval diff` and the answers of a page, on runs that were really made."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import scenes
from aiohttp.test_utils import TestClient, TestServer

from fteval import cli
from fteval.commands.serve import application
from fteval.errors import UserError
from fteval.experiment import answered, sheet
from fteval.experiment.answered import Difference
from fteval.experiment.browsing import Browsing, browsing
from fteval.experiment.saved import saved
from fteval.records import Comparison
from fteval.reports.terminal import answers

STORE = Path(".fteval")
REFUSAL = "I'm sorry, but I can't help with that."
Run = Callable[..., tuple[int, str, str]]


def write(name: str, rows: list[dict[str, object]]) -> None:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a comparison of 60 sums: of the candidate's answers 6 are wrong, 1 refused, 1 cut off."""
    folder = tmp_path_factory.mktemp("answered")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        kinds = ("odd", "even")
        write("h.jsonl", [
            {"id": f"q{i}", "prompt": f"{i} + {i}?", "target": str(2 * i), "slices": {"kind": kinds[i % 2 == 0]}}
            for i in range(60)
        ])  # fmt: skip
        write("base.jsonl", [{"id": f"q{i}", "output": f"The sum is {2 * i if i != 3 else 7}."} for i in range(60)])
        new = [{"id": f"q{i}", "output": f"The sum is {2 * i if i % 10 else 1}."} for i in range(60)]
        new[20]["output"] = REFUSAL
        new[11] |= {"output": "The sum is 22 beca", "finish_reason": "length"}
        write("new.jsonl", list(new))
        models = ("--model", "replay:new.jsonl", "--against", "replay:base.jsonl", "--holdout", "h.jsonl")
        assert cli.call(["run", *models, "--score", "contains", "-o", "first.html", "-q"]) == 4
    return folder


@pytest.fixture
def here(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(made)
    return made


@pytest.fixture
def fteval(here: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*args: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.call(list(args))
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


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


# --- fteval view ----------------------------------------------------------------------------------


async def asked(made: Browsing, calls: list[tuple[str, str, dict[str, str]]]) -> list[tuple[int, str, dict[str, str]]]:
    """Status, text and headers of these requests to a real server on this machine."""
    async with TestServer(application(made, "right"), host="127.0.0.1") as server, TestClient(server) as client:
        replies = [await client.request(method, path, headers=headers) for method, path, headers in calls]
        return [(reply.status, await reply.text(), dict(reply.headers)) for reply in replies]


def test_the_server_answers_who_knows_its_address_and_only_reads(here: Path) -> None:
    made = browsing("latest", STORE)
    first, wrong, bare, posted, elsewhere, far = asyncio.run(asked(made, [
        ("GET", "/right/", {}),
        ("GET", "/wrong/", {}),
        ("GET", "/", {}),
        ("POST", "/right/", {}),
        ("GET", "/right/", {"Host": "attacker.example:80"}),
        ("GET", "/right/?page=2", {}),
    ]))  # fmt: skip
    assert [one[0] for one in (first, wrong, bare, posted, elsewhere, far)] == [200, 404, 404, 405, 403, 404]
    assert first[1].count("<article ") == 60 and first[2]["Cache-Control"] == "no-store"
    assert "q10" not in wrong[1] + elsewhere[1]


def test_pages_together_have_every_sample_once_in_order_of_harm(here: Path) -> None:
    whole = replace(browsing("latest", STORE), each=25)
    pages = [whole.page(number + 1) for number in range(whole.pages)]
    ids = [re.findall(r"<h3><a href=\"#s[0-9a-f]{10}\">(q\d+)</a>", page) for page in pages]
    assert [len(one) for one in ids] == [25, 25, 10] and len({i for one in ids for i in one}) == 60
    assert ids[0][:7] == [*(f"q{i}" for i in range(0, 60, 10)), "q3"]
    assert 'href="?page=3#answers"' in pages[1] and 'href="?page=1#answers"' in pages[1]
    assert "25 of 60 samples" in pages[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_view_says_its_address_and_ends_when_it_is_told_to(made: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "fteval", "view", "--no-browser"]
    process = subprocess.Popen(command, cwd=made, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stderr is not None
    address = process.stdout.readline().strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{32}/", address), process.stderr.read()
    with urllib.request.urlopen(address) as reply:
        assert b"<article " in reply.read()
    process.send_signal(number)
    assert process.wait(60) == 0 and "60 samples on 1 pages" in process.stderr.read()
