"""What people say of answers: kept line by line, applied to what it was said of, and shown with what it rests on."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from fteval import cli
from fteval.commands.serve import application
from fteval.experiment.browsing import Browsing, browsing
from fteval.experiment.judging import Judging, Refused
from fteval.experiment.saved import saved
from fteval.records import Comparison
from fteval.records.browsing import Search
from fteval.records.people import ErrorRate, People, Share
from fteval.reports.html.answers import anchor
from fteval.reports.terminal import terminal
from fteval.runs.journal import lines, opinions

STORE = Path(".fteval")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def there(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Browsing:
    """A copy of the store of 60 sums, to be judged."""
    shutil.copytree(made, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return browsing("latest", STORE)


def at(number: int) -> str:
    return anchor("h", f"q{number}")


def beside(there: Browsing, side: int, name: str = "labels.jsonl") -> Path:
    return there.judging.sides[side].path / name


def rates(people: People) -> dict[tuple[str, bool], tuple[int, float, int, float, int]]:
    """(model, drawn) -> labels, false accepts of accepted, false rejects of rejected."""
    return {
        (one.model, one.drawn): (one.n, one.accepted.k, one.accepted.n, one.rejected.k, one.rejected.n)
        for one in people.errors
    }


# --- labels ---------------------------------------------------------------------------------------


def test_a_label_counts_for_its_answer_until_it_is_undone(there: Browsing) -> None:
    judging = there.judging
    judging.label(1, at(10), 0, "1", drawn=False)  # scored 0, and people say 1: a false reject
    judging.label(1, at(1), 0, "0", drawn=False)  # scored 1, and people say 0: a false accept
    judging.label(1, at(2), 0, "1", drawn=False)
    name = judging.sides[1].name
    assert rates(judging.people) == {(name, False): (3, 1, 2, 1, 1)}
    judging.label(1, at(10), 0, "0", drawn=False)  # on second thoughts
    assert rates(judging.people) == {(name, False): (3, 1, 2, 0, 1)}
    for number in (1, 2, 10):
        judging.label(1, at(number), 0, "undo", drawn=False)
    assert judging.people == People() and len(beside(there, 1).read_bytes().splitlines()) == 7  # nothing is rewritten


def test_another_viewer_sees_a_label_at_once(there: Browsing) -> None:
    there.judging.label(0, at(3), 0, "1", drawn=False)
    other = browsing("latest", STORE)
    assert rates(other.judging.people) == {("base", False): (1, 0, 0, 1, 1)}
    page = "".join(other.page(Search()))
    assert "1 of 1: 100.0 %" in page and 'aria-pressed="true">wrong' in page


def test_labels_of_many_at_a_time_are_all_kept(there: Browsing) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: there.judging.label(1, at(i), 0, "1", drawn=False), range(40)))
    assert len(there.judging.labels(1).kept) == 40 and there.judging.labels(1).damaged == 0


def test_a_torn_line_is_counted_and_takes_no_other_with_it(there: Browsing) -> None:
    there.judging.label(1, at(10), 0, "1", drawn=False)
    path = beside(there, 1)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: len(whole) // 2])
    there.judging.label(1, at(20), 0, "0", drawn=False)
    said = there.judging.labels(1)
    assert (len(said.kept), said.damaged) == (2, 1)
    path.write_bytes(path.read_bytes().replace(b'"value":1.0', b'"value":0.0', 1))  # edited: not what was written
    said = there.judging.labels(1)
    assert (len(said.kept), said.damaged) == (1, 2)
    assert any("2 lines of labels" in note for note in there.judging.people.notes)


def test_a_line_that_says_too_little_is_damaged(there: Browsing) -> None:
    there.judging.label(1, at(10), 0, "1", drawn=False)
    path = beside(there, 1)
    (row,), _ = opinions.read(path)
    path.write_bytes(
        b"".join(lines.encode({k: v for k, v in row.items() if k != gone}) for gone in ("metric", "value"))
    )
    said = there.judging.labels(1)
    assert (dict(said.kept), said.damaged) == ({}, 2)


def test_a_label_of_another_content_is_counted_and_never_applied(there: Browsing) -> None:
    there.judging.label(1, at(10), 0, "1", drawn=False)
    path = beside(there, 1)
    (row,), _ = opinions.read(path)
    path.write_bytes(
        b"".join(lines.encode({**row, **other}) for other in ({"content": "sha256:0"}, {"sample": "gone"}))
    )
    said = there.judging.labels(1)
    assert (dict(said.kept), said.changed) == ({}, 2)
    assert "2 labels of" in there.judging.people.notes[0] and "left out" in there.judging.people.notes[0]
    subject = saved("latest", STORE)
    assert subject.people is not None and subject.people.errors == () and subject.people.notes


@pytest.mark.parametrize(
    ("side", "sample", "metric", "said"),
    [(1, "nobody", 0, "1"), (5, at(1), 0, "1"), (1, at(1), 9, "1"), (1, at(1), 0, "2"), (-1, at(1), 0, "1")],
)
def test_what_cannot_be_labelled_is_refused(there: Browsing, side: int, sample: str, metric: int, said: str) -> None:
    with pytest.raises(Refused):
        there.judging.label(side, sample, metric, said, drawn=False)
    assert there.judging.people == People()


def test_a_random_order_shows_every_answer_once_and_is_the_same_for_everybody(there: Browsing) -> None:
    shown = labelled(there.judging, "1", 60)
    assert len(set(shown)) == 60 and shown != sorted(shown)
    assert there.judging.next_label(1, 0, 0) is None
    beside(there, 1).unlink()
    assert labelled(browsing("latest", STORE).judging, "0", 5) == shown[:5]


def labelled(judging: Judging, said: str, n: int) -> list[str]:
    shown = []
    for _ in range(n):
        drawn = judging.next_label(1, 0, 0)
        assert drawn is not None
        shown.append(drawn.row.sample.id)
        judging.label(1, anchor("h", shown[-1]), 0, said, drawn=True)
    return shown


def test_only_what_was_drawn_speaks_for_all(there: Browsing) -> None:
    """Somebody labels the six wrong answers, which are not a random sample, and then three that are drawn."""
    judging, name = there.judging, there.judging.sides[1].name
    for number in range(0, 60, 10):
        judging.label(1, at(number), 0, "1", drawn=False)
    drawn = labelled(judging, "1", 3)
    found = rates(judging.people)
    right = sum(int(one[1:]) % 10 != 0 for one in drawn)
    assert found[name, True] == (3, 0, right, 3 - right, 3 - right)
    assert found[name, False][4] == 6
    notes = saved_text()
    assert "drawn at random speak for all" in notes and "no random sample" in notes


def saved_text() -> str:
    return " ".join(terminal.render(saved("latest", STORE)).split())


def test_what_was_skipped_is_counted_and_not_shown_again(there: Browsing) -> None:
    first = there.judging.next_label(1, 0, 0)
    assert first is not None
    there.judging.label(1, anchor("h", first.row.sample.id), 0, "skip", drawn=True)
    second = there.judging.next_label(1, 0, 0)
    assert second is not None and second.row.sample.id != first.row.sample.id and second.last is not None
    assert there.judging.labels(1).skipped == 1 and there.judging.labels(1).kept == {}
    there.judging.label(1, second.last, 0, "undo", drawn=True)
    again = there.judging.next_label(1, 0, 0)
    assert again is not None and again.row.sample.id == first.row.sample.id


# --- preferences ----------------------------------------------------------------------------------


def test_only_answers_that_differ_are_shown_and_the_others_are_ties(there: Browsing) -> None:
    """By hand: the candidate says another sum to every tenth, refuses q20, breaks off q11, and is right about q3."""
    judging, name = there.judging, there.judging.sides[1].name
    differ = {*range(0, 60, 10), 3, 11}
    shown = []
    while (drawn := judging.next_pair(1, 0)) is not None:
        shown.append(int(drawn.row.sample.id[1:]))
        mine = drawn.row.answers[1].text
        judging.prefer(1, at(shown[-1]), "a" if drawn.answers[0].text == mine else "b")
    assert set(shown) == differ and len(shown) == 8 and drawn is None
    (found,) = judging.people.preferred
    assert (found.model, found.better, found.worse, found.ties) == (name, 8, 0, 0)
    assert (found.differing, found.total) == (8, 60)
    assert found.overall.k / 60 == pytest.approx((8 + 52 / 2) / 60)


def test_which_stands_first_follows_no_side(there: Browsing) -> None:
    judging, first = there.judging, []
    while (drawn := judging.next_pair(1, 0)) is not None:
        first.append(drawn.answers[0] is drawn.row.answers[1])
        judging.prefer(1, anchor("h", drawn.row.sample.id), "tie")
    assert set(first) == {True, False}
    assert judging.people.preferred[0].share.k == 4.0  # eight ties
    rows, _ = opinions.read(beside(there, 1, "preferences.jsonl"))
    assert [row["shown"] == "candidate first" for row in rows] == first


def test_a_choice_is_undone_and_a_skipped_pair_is_counted(there: Browsing) -> None:
    judging = there.judging
    for said in ("a", "skip"):
        drawn = judging.next_pair(1, 0)
        assert drawn is not None
        judging.prefer(1, anchor("h", drawn.row.sample.id), said)
    (found,) = judging.people.preferred
    assert (found.share.n, found.skipped) == (1, 1)
    drawn = judging.next_pair(1, 0)
    assert drawn is not None and drawn.last is not None
    judging.prefer(1, drawn.last, "undo")
    again = judging.next_pair(1, 0)
    assert again is not None and anchor("h", again.row.sample.id) == drawn.last


@pytest.mark.parametrize(("side", "number", "said"), [(0, 10, "a"), (1, 1, "a"), (1, 10, "c"), (2, 10, "a")])
def test_what_is_no_pair_is_refused(there: Browsing, side: int, number: int, said: str) -> None:
    with pytest.raises(LookupError):
        there.judging.prefer(side, at(number), said)


# --- reports --------------------------------------------------------------------------------------


def test_reports_say_what_people_said(there: Browsing, capsys: pytest.CaptureFixture[str]) -> None:
    there.judging.label(1, at(1), 0, "0", drawn=True)
    there.judging.prefer(1, at(10), "tie")
    outputs = [part for name in ("r.md", "r.html", "r.json") for part in ("-o", name)]
    assert cli.call(["report", "latest", *outputs]) == 0
    for text in (capsys.readouterr().out, Path("r.md").read_text("utf-8"), Path("r.html").read_text("utf-8")):
        assert "Is the probe right?" in text and "Whose answer is better?" in text and "1 of 1: 100.0 %" in text
    said = json.loads(Path("r.json").read_text("utf-8"))["people"]
    assert said["errors"][0]["accepted"]["k"] == 1 and said["preferred"][0]["ties"] == 1


def test_a_result_by_labels_says_so_and_is_not_kept(there: Browsing, capsys: pytest.CaptureFixture[str]) -> None:
    """Six wrong answers, of which people call three right: 3 of 60 are lost, and one was won."""
    before = sorted(path.name for path in (STORE / "comparisons").iterdir())
    for number in (10, 30, 40):
        there.judging.label(1, at(number), 0, "1", drawn=False)
    assert cli.call(["report", "latest", "--by-labels"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "BY LABELS: 3 scores of h.contains of" in said and "3 of them chosen by hand" in said
    assert "the saved verdict, by the probes' scores, is cannot tell" in said
    assert "1 / 3 / 56" in said
    assert sorted(path.name for path in (STORE / "comparisons").iterdir()) == before
    plain = saved("latest", STORE)
    assert isinstance(plain, Comparison) and plain.candidates[0].changes[0].worse == 6


def test_a_run_scored_by_labels_says_so(there: Browsing, capsys: pytest.CaptureFixture[str]) -> None:
    there.judging.label(1, at(10), 0, "1", drawn=False)
    assert cli.call(["score", there.judging.sides[1].run.id, "--by-labels"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "BY LABELS: 1 scores of h.contains" in said and "91.7" in said  # 55 of 60


def test_by_labels_where_nobody_labelled_is_an_error(there: Browsing, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call(["report", "latest", "--by-labels"]) == 2
    assert "nobody has labelled these answers" in capsys.readouterr().err
    assert cli.call(["score", "new.jsonl", "--probe", "holdout", "--by-labels"]) == 2


def test_rates_count_what_the_probe_could_not_judge() -> None:
    assert ErrorRate("base", "h", "contains", True, Share(0, 2), Share(1, 3), 4).n == 9


# --- the server -----------------------------------------------------------------------------------

SAID = {"side": "1", "sample": at(10), "metric": "0", "value": "1"}
REFUSED = {
    "no origin": ({}, SAID, 403),
    "a page of elsewhere": ({"Origin": "http://attacker.example"}, SAID, 403),
    "no page": ({"Origin": "null"}, SAID, 403),
    "another site": ({"Origin": "own", "Sec-Fetch-Site": "cross-site"}, SAID, 403),
    "another host": ({"Origin": "own", "Host": "attacker.example:80"}, SAID, 403),
    "no number": ({"Origin": "own"}, {**SAID, "side": "x"}, 400),
    "no such sample": ({"Origin": "own"}, {**SAID, "sample": "x"}, 400),
    "too much": ({"Origin": "own"}, {**SAID, "sample": "x" * 20_000}, 413),
}


def posted(
    there: Browsing, headers: dict[str, str], said: dict[str, str], path: str = "label", token: str = "t"
) -> int:
    async def call() -> int:
        async with TestServer(application([there], "t"), host="127.0.0.1") as server, TestClient(server) as client:
            sent = dict(headers)
            if sent.get("Origin") == "own":
                sent["Origin"] = f"http://127.0.0.1:{server.port}"
            reply = await client.post(f"/{token}/{there.subject.id}/{path}", headers=sent, data=said)
            return reply.status

    return asyncio.run(call())


@pytest.mark.parametrize("why", REFUSED)
def test_who_is_not_the_servers_own_page_says_nothing(there: Browsing, why: str) -> None:
    headers, said, status = REFUSED[why]
    assert posted(there, headers, said) == status
    assert not beside(there, 1).exists()


def test_its_own_page_does(there: Browsing) -> None:
    own = {"Origin": "own"}
    assert posted(there, own, SAID, token="wrong") == 404 and not beside(there, 1).exists()
    assert posted(there, own, SAID) == 200 and posted(there, own, {**SAID, "value": "tie"}, "prefer") == 200
    assert rates(there.judging.people) and there.judging.people.preferred[0].ties == 1


def test_pages_that_ask_are_there_for_what_can_be_judged(there: Browsing) -> None:
    async def call() -> list[int]:
        async with TestServer(application([there], "t"), host="127.0.0.1") as server, TestClient(server) as client:
            paths = [
                "label?what=1.0.0",
                "prefer?what=1.0.0",
                "label?what=1.0.9",
                "prefer?what=0.0.0",
                "label",
                "label?what=x",
            ]
            replies = [await client.get(f"/t/{there.subject.id}/{path}") for path in paths]
            return [reply.status for reply in replies]

    assert asyncio.run(call()) == [200, 200, 404, 404, 404, 404]
