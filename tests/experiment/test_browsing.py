"""`fteval view`: filters, orders and searches over all samples, and a server that answers whom it should."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from fteval import cli
from fteval.commands.serve import application
from fteval.experiment import answer_index
from fteval.experiment.browsing import Browsing, browsing
from fteval.records.browsing import SORTS, Found, Search

STORE = Path(".fteval")
Run = Callable[..., tuple[int, str, str]]
COUNTS = {"all": 60, "worse": 6, "better": 1, "same": 53, "unscored": 0, "refused": 1, "cut": 1, "failed": 0}
WORSE = [f"q{i}" for i in range(0, 60, 10)]


@pytest.fixture
def copied(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the store, to be changed."""
    shutil.copytree(made, tmp_path / "copy", ignore=shutil.ignore_patterns("index"))
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy"


def ids(found: Found) -> list[str]:
    return [row.sample.id for row in found.sheet.rows]


def find(**fields: object) -> Found:
    return browsing("latest", STORE).index.find(Search(**fields))  # type: ignore[arg-type]


# --- filters, by hand: every tenth answer of the candidate is wrong, q20 refuses, q11 is cut off, q3 got better


def test_filters_are_of_all_samples_and_so_are_their_counts(here: Path) -> None:
    every = find()
    assert every.counts == COUNTS
    assert ids(find(show="worse")) == WORSE and ids(find(show="better")) == ["q3"]
    assert ids(find(show="refused")) == ["q20"] and ids(find(show="cut")) == ["q11"]
    assert ids(find(text="  SORRY ")) == ["q20"] and ids(find(text="17 + 17")) == ["q17"]
    odd = every.slices.index("kind=odd")
    assert find(slice=odd).counts["all"] == 30 and ids(find(slice=odd, show="better")) == ["q3"]
    assert find(probe=0, metric=0, show="worse").matching == 6


def test_orders_are_of_all_samples(here: Path) -> None:
    assert ids(find())[:8] == [*WORSE, "q3", "q1"]
    assert ids(find(sort="gain"))[:1] == ["q3"] and ids(find(sort="gain"))[-6:] == WORSE
    assert ids(find(sort="asked")) == [f"q{i}" for i in range(60)]
    longest = ids(find(sort="long"))
    assert longest[0] == "q20" and ids(find(sort="short"))[-1] == "q20"
    assert ids(find(sort="harm", probe=0, metric=0)) == ids(find())
    assert all(Counter(ids(find(sort=one))) == Counter(longest) for one in SORTS)


def test_pages_together_have_every_sample_once_in_order(here: Path) -> None:
    index = browsing("latest", STORE).index
    pages = [index.find(Search(page=number), 25) for number in (1, 2, 3)]
    assert [len(ids(one)) for one in pages] == [25, 25, 10] and pages[0].pages == 3
    assert [i for one in pages for i in ids(one)] == ids(index.find(Search(), 60))


@pytest.mark.parametrize(
    "wrong",
    [{"page": 0}, {"page": 4}, {"show": "no"}, {"sort": "no"}, {"probe": 1}, {"slice": 9}, {"candidate": 5},
     {"probe": 0, "metric": 7}, {"candidate": -2}],
)  # fmt: skip
def test_what_there_is_not_is_not_found(here: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(LookupError):
        find(**wrong)


def test_one_sample_has_an_address_of_its_own(here: Path) -> None:
    whole = "".join(browsing("latest", STORE).page(Search()))
    name = re.search(r'href="\?sample=(s[0-9a-f]{10})#\1">q20<', whole)
    assert name is not None and ids(find(sample=name[1])) == ["q20"]


def test_a_single_run_is_browsed_from_its_lowest_score(here: Path) -> None:
    run = next(path.name for path in sorted((STORE / "runs").iterdir()) if "new.jsonl" in _ref(path))
    found = browsing(run, STORE).index.find(Search())
    assert ids(found)[:6] == WORSE and found.counts["worse"] == 0 and found.counts["refused"] == 1


def _ref(run: Path) -> str:
    return str(json.loads((run / "manifest.json").read_text())["ref"])


# --- the index ------------------------------------------------------------------------------------


def test_an_index_is_made_once_and_anew_where_a_journal_has_grown(copied: Path) -> None:
    first = browsing("latest", STORE)
    assert answer_index.kept(first.subject, STORE) is None
    made = first.index
    assert answer_index.kept(first.subject, STORE) == made
    run = STORE / "runs" / next(iter((STORE / "runs").iterdir())).name
    os.utime(run / "events.jsonl", ns=(1, 1))
    assert answer_index.kept(first.subject, STORE) is None
    assert first.index is first.index is not made, "whoever browses meanwhile sees the run as it is now"
    assert find().counts == COUNTS
    assert len(list((STORE / "index").glob("*.sqlite"))) == 1


def test_an_index_can_be_deleted(copied: Path) -> None:
    assert ids(find(show="worse")) == WORSE
    shutil.rmtree(STORE / "index")
    assert ids(find(show="worse")) == WORSE


def test_a_store_that_cannot_be_written_is_browsed_all_the_same(copied: Path) -> None:
    (STORE / "index").write_text("a file where the folder would be")
    assert ids(find(show="worse")) == WORSE


def test_ten_thousand_rows_of_an_index_are_found_by_number(copied: Path) -> None:
    """What SQLite is asked does not grow with what is shown: one page is read, however many there are."""
    made = browsing("latest", STORE).index
    with sqlite3.connect(made.path) as db:
        for table in ("answers", "bodies", "texts"):
            names = [row[1] for row in db.execute(f"PRAGMA table_info({table})") if row[1] != "place"]
            db.execute(
                f"WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) "
                f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(names)} FROM {table}, n ORDER BY i, place"
            )
    found = made.find(Search(page=121), 100)
    assert found.counts["all"] == 60 * 201 and len(ids(found)) == 60 and found.pages == 121
    assert made.find(Search(show="refused")).matching == 201


# --- the server -----------------------------------------------------------------------------------


async def asked(
    made: list[Browsing], calls: list[tuple[str, str, dict[str, str], dict[str, str] | None]]
) -> list[tuple[int, str, dict[str, str]]]:
    """Status, text and headers of these requests to a real server on this machine."""
    async with TestServer(application(made, "right"), host="127.0.0.1") as server, TestClient(server) as client:
        own = {"Origin": f"http://127.0.0.1:{server.port}"}
        found = []
        for method, path, headers, said in calls:
            sent = {**headers, **(own if headers.get("Origin") == "own" else {})}
            reply = await client.request(method, path, headers=sent, data=said)
            found.append((reply.status, await reply.text(), dict(reply.headers)))
        return found


def ask(made: list[Browsing], *paths: str) -> list[tuple[int, str, dict[str, str]]]:
    return asyncio.run(asked(made, [("GET", path, {}, None) for path in paths]))


def test_the_server_answers_who_knows_its_address(here: Path) -> None:
    made = browsing("latest", STORE)
    page = f"/right/{made.subject.id}/"
    first, wrong, bare, other, far, odd = ask(
        [made], page, page.replace("right", "wrong"), "/", "/right/elsewhere/", f"{page}?page=2", f"{page}?page=x"
    )
    assert [one[0] for one in (first, wrong, bare, other, far, odd)] == [200, 404, 404, 404, 404, 404]
    assert first[1].count("<article ") == 60 and first[2]["Cache-Control"] == "no-store"
    assert "q10" not in wrong[1] + other[1]
    (elsewhere,) = asyncio.run(asked([made], [("GET", page, {"Host": "attacker.example:80"}, None)]))
    assert elsewhere[0] == 403


def test_the_first_page_is_the_same_before_and_after_there_is_an_index(copied: Path) -> None:
    """Its top goes out before the answers are read."""
    made = browsing("latest", STORE)
    page = f"/right/{made.subject.id}/"
    (first,), (again,) = ask([made], page), ask([browsing("latest", STORE)], page)
    assert first[1] == again[1] and first[1].rstrip().endswith("</html>")


def test_of_several_results_a_list_leads_to_each(here: Path) -> None:
    run = sorted((STORE / "runs").iterdir())[0].name
    made = [browsing("latest", STORE), browsing(run, STORE)]
    listed, one, other = ask(made, "/right/", *(f"/right/{b.subject.id}/" for b in made))
    assert [f'href="{b.subject.id}/"' in listed[1] for b in made] == [True, True]
    assert one[0] == other[0] == 200 and one[1] != other[1]


def test_all_that_a_filter_leaves_comes_as_rows_that_can_be_scored(here: Path, fteval: Run) -> None:
    made = browsing("latest", STORE)
    (reply,) = ask([made], f"/right/{made.subject.id}/answers.jsonl?show=worse")
    rows = [json.loads(line) for line in reply[1].splitlines()]
    assert [row["id"] for row in rows] == WORSE and reply[2]["Content-Type"].startswith("application/jsonl")
    assert rows[2]["output"].startswith("I'm sorry") and rows[2]["base_output"] == "The sum is 40."
    Path("worse.jsonl").write_text(reply[1], encoding="utf-8")
    code, out, _ = fteval("score", "worse.jsonl", "--probe", "holdout", "--score", "contains", "--json")
    assert code == 0 and [json.loads(line)["scores"]["contains"] for line in out.splitlines()] == [0.0] * 6


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_view_says_its_address_and_ends_when_it_is_told_to(made: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "fteval", "view", "--no-browser"]
    process = subprocess.Popen(command, cwd=made, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stderr is not None
    address = process.stdout.readline().strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{32}/[\w-]+/", address), process.stderr.read()
    with urllib.request.urlopen(address) as reply:
        assert b"<article " in reply.read()
    process.send_signal(number)
    assert process.wait(60) == 0 and "Ctrl-C ends this" in process.stderr.read()


def test_a_result_that_is_not_there_is_said(here: Path) -> None:
    assert cli.call(["view", "nothing", "--no-browser"]) == 2
