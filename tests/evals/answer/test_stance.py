"""Whether an answer leaves its question open: 271 phrasings, labelled before the rule ran, near misses among them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fteval.evals.answer.stance import ABSTAINS, ANSWERS, ASKS, DENIES, EMPTY, HEDGES, stance
from fteval.evals.answer.told import told

ROWS = [json.loads(line) for line in Path(__file__).with_name("abstention.jsonl").read_text("ascii").splitlines()]


def test_not_knowing_is_told_from_answers_that_only_sound_like_it() -> None:
    wrong = [r["output"] for r in ROWS if (stance(r["output"], r["prompt"]).kind == ABSTAINS) != bool(r["abstains"])]
    assert len(ROWS) >= 200 and sum(not r["abstains"] for r in ROWS) >= 60
    assert len(wrong) <= 0.03 * len(ROWS), wrong


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("As an AI language model, I have no opinions. However, Bell did.", ANSWERS),
        ("As an AI language model, I do not have access to real-time information.", ABSTAINS),
        ("The exact year is unknown, but it is believed to be 1876.", HEDGES),
        ("Which telephone do you mean?", ASKS),
        ("Bell has many patents, so please specify which one you mean.", ASKS),
        ("Nobody invented it: there is no such device.", DENIES),
        ("Yes.", EMPTY),
        ("Who invented the telephone of Bell?", EMPTY),
        ("", EMPTY),
    ],
)
def test_what_stands_beside_not_knowing_decides(answer: str, kind: str) -> None:
    assert stance(answer, "Who invented the telephone of Bell?" if kind == EMPTY else "Who invented it?").kind == kind


@pytest.mark.parametrize(
    ("answer", "forms", "value"),
    [
        ("The winner was Rome. The winner was Oslo.", ["Rome"], 0),
        ("The winner was Rome, which was Italy's first.", ["Rome"], 1),
        ("It came out on 3 May 1996.", ["18 March 1996", "1996"], 1),
        ("It opens at 7:00 a.m. every day.", ["7 a.m."], 1),
        ("It reminds people of a god.", ["a reminder of the mighty god"], None),
        ("a reminder of the mighty god", ["a reminder of the mighty god"], 1),
    ],
)
def test_an_answer_tells_a_fact_where_it_holds_to_it(answer: str, forms: list[str], value: float | None) -> None:
    assert told(answer, forms, "Who was the winner, or what is it?")[0] == value
