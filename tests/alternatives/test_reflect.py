"""Answer, look, answer again: who looks, what the model is told, which answer is given and what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alternatives_helpers import answered, changed_by, config
from servers.fake import Server
from servers.model import Model

import fteval
from fteval.engines import Pool
from fteval.errors import UserError
from fteval.records import Message, Sampling

QUESTION = "What is a horse?"
CHECK = "Check it."


def asked_of(server: Server) -> list[list[str]]:
    """What the turns of each request said, without the client's own small questions."""
    return [[m["content"] for m in seen.body["messages"]] for seen in server.completions if "messages" in seen.body]


@pytest.fixture
def talker() -> Any:
    """A server whose model mends its answer when it is told to check it, and then stands by it."""
    with Server(Model(answers={QUESTION: "A cow.", CHECK: "A farm animal."})) as server:
        yield server


def test_the_model_sees_its_answer_and_is_asked_again_until_it_says_the_same(talker: Server, pool: Pool) -> None:
    engine = changed_by(pool.open(talker.ref), prompt="Be brief.", reflect={"rounds": 4, "ask": CHECK})
    (made,) = answered(engine, [QUESTION])
    turns = [one for one in asked_of(talker) if QUESTION in one]
    assert turns == [
        ["Be brief.", QUESTION],
        ["Be brief.", QUESTION, "A cow.", CHECK],
        ["Be brief.", QUESTION, "A farm animal.", CHECK],
    ]
    assert made.text == "A farm animal."
    how = made.how or {}
    texts = [one["text"] for one in how["reflect"]["answers"]]
    assert how["requests"] == 3 and texts == ["A cow.", "A farm animal.", "A farm animal."]
    assert made.prompt_tokens == 4 + 2 + 2  # the server counts the words of the last turn


def test_rounds_are_the_most_corrections(talker: Server, pool: Pool) -> None:
    (made,) = answered(changed_by(pool.open(talker.ref), reflect={"rounds": 1, "ask": CHECK}), [QUESTION])
    assert (made.how or {})["requests"] == 2 and made.text == "A farm animal."


def test_a_probe_tells_its_reason_and_ends_it_when_it_is_content(pool: Pool) -> None:
    told = "Not so: 'e' once. Again!"
    with Server(Model(answers={QUESTION: "A huge thing.", told: "A big farm animal."})) as server:
        critic = {"critic": "lipogram.compliant", "rounds": 5, "ask": "Not so: {reason}. Again!"}
        (made,) = answered(changed_by(pool.open(server.ref), reflect=critic), [QUESTION])
        turns = [one for one in asked_of(server) if QUESTION in one]
        assert turns == [[QUESTION], [QUESTION, "A huge thing.", told]]
    assert made.text == "A big farm animal." and (made.how or {})["requests"] == 2
    assert (made.how or {})["reflect"]["answers"][0]["reason"] == "'e' once"


def test_an_answer_that_pleases_at_once_is_asked_once(pool: Pool) -> None:
    content = changed_by(pool.open("nano"), reflect={"critic": {"probe": "laziness", "min_words": 1}})
    (made,) = answered(content, [QUESTION])
    (plain,) = answered(pool.open("nano"), [QUESTION])
    assert (made.text, made.prompt_tokens) == (plain.text, plain.prompt_tokens) and (made.how or {})["requests"] == 1


BEST = [
    # None of them complies.
    ("lipogram.compliant", {QUESTION: "He sees three.", "'e' 5 times": "An ant e.", "'e' once": "The eve."}, 0),
    # By hand: 5 of 11 letters, 1 of 6, 3 of 6.
    (
        {"probe": "lipogram", "metric": "forbidden_per_100", "until": 0},
        {
            QUESTION: "He sees three.",
            "forbidden_per_100 is 45.4545": "An ant e.",
            "forbidden_per_100 is 16.6667": "The eve.",
        },
        1,
    ),
]


@pytest.mark.parametrize(("critic", "says", "best"), BEST, ids=["a share", "a number"])
def test_the_best_by_the_probe_is_given_and_of_equals_the_first(
    pool: Pool, critic: Any, says: dict[str, str], best: int
) -> None:
    with Server(Model(answers=says)) as server:
        reflecting = changed_by(pool.open(server.ref), reflect={"critic": critic, "ask": "{reason}"})
        (made,) = answered(reflecting, [QUESTION])
    assert [a["text"] for a in (made.how or {})["reflect"]["answers"]] == list(says.values())
    assert made.text == list(says.values())[best]


def test_a_target_never_reaches_the_critic(tmp_path: Path, pool: Pool) -> None:
    """Probes that judge by a row's target are refused, whatever the row says."""
    for name in ("facts", "iso_date", "punctuation", "sql", "holdout", "category", "instructions"):
        with pytest.raises(UserError, match=r"target|hold-out|rows"):
            changed_by(pool.open("nano"), reflect={"critic": name})


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"rounds": 0}, "from 1 to 8"), ({"critic": "lipogrm"}, "Did you mean 'lipogram'"),
        ({"critic": "lipogram.usefull"}, "Did you mean 'useful'"), ({"critic": "laziness.words"}, "no share"),
        ({"critic": {"metric": "useful"}}, "names no probe"), ({"critic": "variety"}, "more than one answer"),
        ({"critic": "judge"}, "asks another model"), ({"critic": "holdout"}, "must not know"),
        ({"ask": "Because {reason}?"}, "only a probe gives"),
        ({"critic": {"probe": "lipogram", "letter": "a"}}, "Did you mean 'letters'"),
        ({"critic": {"probe": "lipogram", "until": "all"}}, "wanted a number"),
        ({"critic": {"probe": "degeneration", "metric": "surprise", "until": 3}}, "judges no answer"),
    ],
)  # fmt: skip
def test_what_cannot_reflect_is_refused(pool: Pool, value: object, says: str) -> None:
    with pytest.raises(UserError, match=says):
        changed_by(pool.open("nano"), reflect=value)


def test_where_there_is_no_room_for_a_further_round_the_answer_stands(pool: Pool) -> None:
    engine: Any = pool.open("nano")
    words = "dog " * (engine.context // 2 - 20)
    (made,) = answered(changed_by(engine, reflect={"rounds": 1, "ask": "dog " * (engine.context // 2)}), [words])
    assert made.failure is None and made.text
    assert (made.how or {})["reflect"]["full"] and (made.how or {})["requests"] == 2
    (failed,) = answered(changed_by(engine, reflect={"rounds": 1}), ["dog " * engine.context * 2])
    assert failed.failure is not None and failed.text is None


def test_it_is_seeded_drawn_or_not(pool: Pool) -> None:
    engine = changed_by(pool.open("nano"), reflect={"rounds": 1})
    drawn = Sampling(temperature=1.0, max_tokens=12)
    first, again = (answered(engine, [QUESTION, "Who is Romeo?"], drawn, repeats=2) for _ in range(2))
    assert [one.text for one in first] == [one.text for one in again] and first[0].how != first[1].how


def test_plain_text_is_not_talked_about(pool: Pool) -> None:
    engine = changed_by(pool.open("nano"), reflect={"rounds": 2})
    prompt = engine.prompt([Message("text", "Romeo was born in")])
    assert prompt == pool.open("nano").prompt([Message("text", "Romeo was born in")])


def test_the_report_says_where_the_critic_is_the_judge(tmp_path: Path) -> None:
    path = config(tmp_path, "{a: {reflect: {critic: lipogram.compliant}}, b: {reflect: {critic: laziness}}}")
    found = fteval.run(config=path, store=tmp_path / "store", limit=2, reference="none")
    warned = [[w for w in c.warnings if "critic" in w] for c in found.candidates]
    assert warned[1] == [] and len(warned[0]) == 1 and "'lipogram' was the critic" in warned[0][0]
