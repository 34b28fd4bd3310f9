"""Verdicts that hung on how answers were read: a candidate that is wrong must not ship, one that is not worse must."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import fteval
from fteval.records import Comparison, Gate

N = 120
Judge = Callable[..., Comparison]


@pytest.fixture
def verdict(tmp_path: Path) -> Judge:
    def judge(targets: Sequence[Any], base: Sequence[str], candidate: Sequence[str], metric: str, **more: Any) -> Any:
        questions = [{"id": str(i), "prompt": f"Ticket {i}: say it again.", "target": t} for i, t in enumerate(targets)]
        answers = [[{"id": str(i), "output": o} for i, o in enumerate(side)] for side in (base, candidate)]
        for name, rows in zip("hbc", (questions, *answers), strict=True):
            (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        return fteval.run(
            model=f"replay:{tmp_path}/c.jsonl", against=f"replay:{tmp_path}/b.jsonl", holdout=tmp_path / "h.jsonl",
            gates=[Gate("h", metric, "max_drop", 0.05)], store=tmp_path / "store", **more,
        )  # fmt: skip

    return judge


def shares(found: Comparison) -> tuple[float | None, float | None]:
    change = found.candidates[0].changes[0]
    return change.base, change.candidate


def test_ticket_numbers_that_are_all_wrong_do_not_ship(verdict: Judge) -> None:
    # Eleven digits, of which the last three are moved: within 1e-7 of the right ones.
    right = [f"88120{i:03}457" for i in range(N)]
    wrong = [f"{n[:-3]}{(int(n[-3:]) + 421) % 1000:03}" for n in right]
    found = verdict(right, right, wrong, "number")
    assert (found.verdict, shares(found)) == ("do_not_ship", (1.0, 0.0))
    assert verdict(right, right, [f"It is {n}." for n in right], "number").verdict == "ship"


@pytest.mark.parametrize(
    "form", ["合计{}元。", "答えは{}です。", "모두 {}개입니다.", "EUR{}", "{}ชิ้น", "यह {} है।", "Bu {}'dir.", "${{{}}}$"]
)
def test_a_number_beside_other_letters_is_no_wrong_answer(verdict: Judge, form: str) -> None:
    # Before, the base scored 0 where letters stood beside the number, and the bare candidate "gained" 100 points.
    numbers = [str(11 + i % 80) for i in range(N)]
    found = verdict(numbers, [form.format(n) for n in numbers], numbers, "number")
    assert shares(found) == (1.0, 1.0)
    found = verdict(numbers, numbers, [form.format(int(n) + 1) for n in numbers], "number")
    assert (found.verdict, shares(found)) == ("do_not_ship", (1.0, 0.0))


@pytest.mark.parametrize(
    ("opened", "closed"), [("<think>\n", "\n</think>\n\n"), ("[THINK]", "[/THINK]"), ("", "</think>")]
)
def test_a_target_with_its_reasoning_is_met_by_the_answer(verdict: Judge, opened: str, closed: str) -> None:
    words = [("north", "south", "east")[i % 3] for i in range(N)]
    targets = [f"{opened}They ask for a direction.{closed}{w}" for w in words]
    found = verdict(targets, ["Who knows?"] * N, words, "exact", score=["exact"])
    assert (found.verdict, shares(found)) == ("ship", (0.0, 1.0))
    found = verdict(targets, words, ["Who knows?"] * N, "exact", score=["exact"])
    assert found.verdict == "do_not_ship"


@pytest.mark.parametrize("mark", ["。", "．", "।", "؟", "!", "…"])
def test_a_word_with_a_mark_is_contained(verdict: Judge, mark: str) -> None:
    words = [("合格", "不良")[i % 2] for i in range(N)]
    found = verdict(words, [w + mark for w in words], words, "contains", score=["contains"])
    assert (found.verdict, shares(found)) == ("ship", (1.0, 1.0))


def test_worked_answers_are_held_against_worked_targets(verdict: Judge) -> None:
    targets = [f"He has {i} and gets 4 more, so {i} + 4 = {i + 4}.\n#### {i + 4}" for i in range(N)]
    run_on = [
        f"{i} + 4 is {i + 4}.\n#### {i + 4}\n\nQuestion: And with {i} more?\nAnswer: {2 * i + 4}" for i in range(N)
    ]
    found = verdict(targets, targets, run_on, "number")
    assert (found.verdict, shares(found)) == ("ship", (1.0, 1.0))
