"""Rewards: how they are said, what they are worth, and what is no reward. Numbers by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from fteval.errors import UserError
from fteval.evals.find.own import with_code
from fteval.records import Generation, Message, Sample
from fteval.trainers.making.ramp import ramp
from fteval.trainers.making.rewards import Reward, rewards, summed
from fteval.trainers.making.sources import Answers


def answers(*texts: str, progress: float = 0.0, finish: str = "stop", told: dict[str, Any] | None = None) -> Answers:
    samples = [Sample(str(n), (Message("user", "Tell me about a dog."),), "A dog.") for n in range(len(texts))]
    generations = [Generation(s.id, text=t, finish_reason=finish) for s, t in zip(samples, texts, strict=True)]
    return Answers(samples, generations, progress, {"log_metric": lambda name, value: None, **(told or {})})


def values(said: Any, *texts: str, progress: float = 0.0) -> list[float | None]:
    (reward,) = rewards([said])
    return reward.values(answers(*texts, progress=progress))


def test_a_probe_s_metric_is_a_reward_in_three_spellings() -> None:
    short, long, primary = (
        rewards(["lipogram.compliant"]),
        rewards([{"probe": "lipogram", "metric": "compliant"}]),
        "lipogram",
    )
    assert short == long
    assert rewards([primary])[0].name == "lipogram.useful"
    assert values("lipogram.compliant", "A dog runs.", "Every dog runs.", "") == [1.0, 0.0, 0.0]


def test_what_is_better_when_lower_counts_against_the_answer() -> None:
    (reward,) = rewards(["lipogram.forbidden_per_100"])
    # "A tree" has five letters, two of them e.
    assert summed([reward], answers("A tree")) == [-40.0]
    with pytest.raises(UserError, match="of which less is better: write it with a minus"):
        rewards([{"probe": "lipogram", "metric": "forbidden_per_100", "weight": 1}])
    with pytest.raises(UserError, match="of which more is better"):
        rewards([{"probe": "lipogram", "metric": "compliant", "weight": {"from": 1, "to": -1}}])


def test_weights_and_parameters_rise_with_the_training() -> None:
    said = {"probe": "laziness", "min_words": {"from": 2, "to": 6, "over": "50%"}, "weight": {"from": 0.5, "to": 1.0}}
    given = rewards([said])
    text = "A dog runs fast."  # four words
    assert [summed(given, answers(text, progress=p)) for p in (0.0, 0.2, 0.5, 1.0)] == [[0.5], [0.6], [0.0], [0.0]]
    assert ramp({"from": 20, "to": 100, "over": 0.5}, "x").at(0.25) == 60


def test_an_answer_that_nobody_can_judge_has_no_reward_rather_than_a_good_one() -> None:
    logged: dict[str, float] = {}
    given = rewards(["lipogram.forbidden_per_100", "published_naive"])
    assert summed(given, answers("A tree", "...", told={"log_metric": logged.__setitem__})) == [-40 - 3.0, None]
    assert logged == {"rewards/lipogram.forbidden_per_100": 40.0, "rewards/published_naive": 0.0, "unscored": 0.5}


def test_what_escapes_a_metric_of_some_rows_is_not_the_best_answer() -> None:
    # distinct_2 wants two words: where other answers to the row have them, one word is unscored.
    (reward,) = rewards(["degeneration.distinct_2"])
    same = Sample("1", (Message("user", "Tell me about a dog."),))
    other = Sample("2", same.messages)
    said = [(same, "Dog"), (same, "A dog runs and barks."), (other, "Dog")]
    generations = [Generation(sample.id, text=text, finish_reason="stop") for sample, text in said]
    assert reward.values(Answers([s for s, _ in said], generations, 0.0, {})) == [None, 1.0, 0.0]


def test_the_published_rewards_are_there_by_name() -> None:
    assert values("published_naive", "Dog", "Tree", "", "É") == [3.0, -3.0, 3.0, -1.5]
    assert values("published_floor", "Dog", "Hippo", "Tree!") == [-2.0, 3.0, -3.0]
    # Twenty characters are asked for at the start, a hundred at the end; an e costs 0.05, then 0.4.
    text = "A fat cat naps in a warm spot"  # 29 characters
    assert [values("published_curriculum", text, progress=p) for p in (0.0, 1.0)] == [[3.0], [0.0]]
    assert values("published_curriculum", "A tree stands", progress=1.0) == [pytest.approx(-0.8)]
    assert values({"preset": "published_curriculum", "start_len": 40}, text) == [0.0]


def test_a_function_is_asked_as_trl_asks_it() -> None:
    def close(completions: Sequence[Any], target: Sequence[Any]) -> list[float]:
        return [float(said[0]["content"] == wanted) for said, wanted in zip(completions, target, strict=True)]

    (reward,) = rewards([close])
    told = {"completions": [[{"role": "assistant", "content": t}] for t in ("A dog.", "No.")], "prompts": []}
    assert reward.values(answers("A dog.", "No.", told=told)) == [1.0, 0.0]
    assert reward.spec["python"] == "close" and len(reward.spec["source"]) == 64


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([1.0], "returned 1 values for 2 answers"),
        ([1.0, float("nan")], "returned nan, wanted a number"),
        ([1.0, "good"], "returned 'good', wanted a number"),
        (None, "fails: TypeError"),
    ],
)
def test_a_function_that_gives_no_numbers_is_an_error(found: Any, said: str) -> None:
    def broken(**_: Any) -> Any:
        return found

    with pytest.raises(UserError, match=said):
        rewards([broken])[0].values(answers("A", "B"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("lipogramm.compliant", "Did you mean 'lipogram'?"),
        ("lipogram.complaint", "has no metric 'complaint'. Did you mean 'compliant'?"),
        ("published_naïve", "no reward 'published_naïve'. Did you mean 'published_naive'?"),
        ({"reading": "aboutnes"}, "Did you mean 'aboutness'?"),
        ("mine.py:close", "is Python code, which is not run unasked"),
        ({"preset": "published_naïve"}, "Did you mean 'published_naive'?"),
        ({"probe": "laziness", "min_wrods": 2}, "Did you mean 'min_words'?"),
        ({"probe": "laziness", "min_words": {"from": 2, "to": 0}}, "min_words must be a whole number of at least 1"),
        ({"probe": "laziness", "weight": {"from": 1, "to": 2, "over": "200%"}}, "'weight.over' is '200%'"),
        ({"probe": "laziness", "weight": "much"}, "'weight' is 'much', wanted a number"),
        ({"metric": "compliant"}, "a reward has one of probe, preset, python, reward_model"),
        (3, "3 is no reward"),
        ("variety", "judges more than one answer to a prompt"),
        ("drift", "asks another model about each answer"),
        ({"python": "mine.py:close"}, "is Python code, which is not run unasked"),
        ({"preset": "published_naive", "letter": "th"}, "wanted one letter"),
    ],
)
def test_what_is_no_reward_is_said(given: Any, said: str) -> None:
    with pytest.raises(UserError) as caught:
        rewards([given])
    assert said in caught.value.what


def test_all_that_is_wrong_is_said_at_once_and_nothing_counts_twice() -> None:
    with pytest.raises(UserError, match=r"3 is no reward.*\n.*4 is no reward"):
        rewards([3, 4])
    with pytest.raises(UserError, match=r"'laziness\.words' stands twice"):
        rewards(["laziness.words", {"probe": "laziness", "metric": "words", "min_words": 3}])


def test_a_function_in_a_file_is_run_where_code_is_allowed(tmp_path: Any) -> None:
    (tmp_path / "mine.py").write_text("def close(completions, **_):\n    return [2.0 for _ in completions]\n")
    named = f"{tmp_path}/mine.py:close"
    for said in ({"rewards": f"{named},lipogram"}, {"rewards": [{"python": named}, "lipogram"]}):
        first, second = rewards(with_code(said)["rewards"])
        assert isinstance(first, Reward) and (first.name, second.name) == ("close", "lipogram.useful")
