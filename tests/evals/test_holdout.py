"""The user's own file: which scorers follow from its targets, and what is wrong with a file."""

import random

import pytest
import sacrebleu
from evals.pace import soon

from fteval import registry
from fteval.errors import UserError
from fteval.evals.find.target import SCORERS, chrf, final, math, rouge, similar
from fteval.evals.holdout import Holdout
from fteval.records import Generation, Message, Sample, Scores


def rows(*targets: object) -> list[Sample]:
    return [Sample(f"s{i}", (Message("user", "?"),), target=t) for i, t in enumerate(targets, start=1)]


LONG = "It is an answer that goes on and on, over more than twenty words, so that nobody says it word for word."


@pytest.mark.parametrize(
    ("targets", "scorers"),
    [
        (["Paris", "Rome"], ("exact", "contains")),
        (["42", 7, "1,234.5"], ("number",)),
        (["42", "Paris"], ("exact", "contains")),
        ([LONG, LONG + "!"], ("chrf",)),
        (["Paris", LONG, "Rome"], ("exact", "contains", "chrf")),
        (["Paris", LONG, LONG], ("chrf", "exact", "contains")),
        ([["Paris", "City of Paris"]], ("exact", "contains")),
        (["12", "007"], ("number", "exact")),
        (["4915140891"], ("number", "exact")),
        (["1,200,000"], ("number",)),
        (["3 + 4 = 7\n#### 7", "12"], ("number",)),
        (["12 apples", "3"], ("exact", "contains")),
    ],
)
def test_scorers_follow_from_the_targets(targets: list, scorers: tuple[str, ...]) -> None:
    probe = registry.probe("holdout").for_samples(rows(*targets))
    assert probe.score == scorers
    assert [m.name for m in probe.metrics] == list(scorers)
    assert [m.primary for m in probe.metrics] == [True] + [False] * (len(scorers) - 1)


def test_named_scorers_stay_in_their_order() -> None:
    for given in ("contains,exact", ["contains", "exact"], ("contains", "exact")):
        assert registry.probe("holdout", {"score": given}).for_samples(rows("a")).score == ("contains", "exact")


def test_rows_without_a_target_are_counted_and_the_first_five_named() -> None:
    with pytest.raises(UserError, match=r"7 rows have no target.*'s2', 's3', 's4', 's5', 's6' and 2 more"):
        Holdout().for_samples(rows("a", *[None] * 5, "", " "))
    with pytest.raises(UserError, match=r"1 row has no target to compare with: 's1'\n"):
        Holdout().for_samples(rows(None))


def test_a_target_that_its_scorer_cannot_use_is_an_error_not_a_zero() -> None:
    with pytest.raises(UserError, match=r"s2"):
        registry.probe("holdout", {"score": "number"}).for_samples(rows("1", "one"))
    with pytest.raises(UserError, match=r"s2"):
        registry.probe("holdout", {"score": "regex"}).for_samples(rows("a+", "a("))
    for scorer, target in (("number", "one"), ("regex", "a(")):
        with pytest.raises(UserError, match="s1"):
            registry.probe("holdout", {"score": scorer}).score(rows(target)[0], Generation("s1", text="1"))


def test_a_pattern_that_backtracks_is_cut_off_and_unscored() -> None:
    probe = registry.probe("holdout", {"score": "regex"})
    row, generation = rows(r"^(\w+\s?)*$")[0], Generation("s1", text="word " * 2_000 + "!")
    scores = soon(lambda: probe.score(row, generation))
    assert scores.values["regex"] in (None, 0.0)
    evil = probe.score(rows(r"(a|aa)+$")[0], Generation("s1", text="a" * 5_000 + "!"))
    assert evil.values["regex"] is None
    assert "backtracks" in evil.reasons["regex"]


def test_chrf_is_sacrebleus() -> None:
    for output, target in (("the cat sat", "the cat sat on the mat"), ("nothing", "alike"), ("ein Hund", "ein Hund")):
        wanted = sacrebleu.sentence_chrf(output, [target]).score / 100
        assert chrf(output, [target])[0] == pytest.approx(wanted)


def judged(scorer: str, output: str, target: object, finish: str = "stop") -> Scores:
    probe = registry.probe("holdout", {"score": scorer})
    return probe.score(rows(target)[0], Generation("s1", text=output, finish_reason=finish))


@pytest.mark.parametrize(
    ("scorer", "output", "target", "value"),
    [
        ("exact", "It\u2019s \u201cred\u201d", 'It\'s "red"', 1),
        ("exact", "cafe\u0301", "caf\u00e9", 1),
        ("exact", "red", "<think>\nA colour.\n</think>\n\nred", 1),
        ("exact", "[THINK]Hm[/THINK]red", "red", 1),
        ("exact", "7", "3 + 4 = 7\n#### 7", 1),
        ("exact", "First 3, then 4.\n#### 7", "3 + 4 = 7\n#### 7", 1),
        ("exact", "8", "3 + 4 = 7\n#### 7", 0),
        ("exact", '{"a": 1}', '```json\n{"a": 1}\n```', 1),
        ("exact", '```\n{"a": 1}\n```', '```json\n{"a": 1}\n```', 1),
        ("exact", '```\n{"a": 1}\n```', '{"a": 1}', 0),
        ("contains", "So it is 7.", "3 + 4 = 7\n#### 7", 1),
        ("contains", "It is C++.", "C", 0),
        ("number", "4915140348", "4915140891", 0),
        ("number", "答案是36。", "36", 1),
        ("number", "12개", "12원", 1),
        ("number", "3", "3/4", 0),
        ("number", "It is 7 in all.", "3 + 4 = 7\n#### 7", 1),
        ("number", "1.200", "1200", None),
        ("number", "seven", "7", None),
        ("number", "I cannot say.", "7", 0),
        ("number", "5", ["4", "5"], 1),
        ("number", "1.200", ["1200", "1.2"], 1),
        ("math", "$\\frac{3}{4}$", "0.75", 1),
        ("math", "$2\\sqrt{2}$", "\\sqrt{8}", 1),
        ("math", "It is $(x+1)^2$.", "x^2+2x+1", 1),
        ("math", "$x^2$", "x^2+2x+1", 0),
        ("math", "It is \\boxed{(1,2]}", "(1,2]", 1),
        ("math", "Nobody knows.", "12", 0),
        ("math", "$9^{9^{9}}$", "12", None),
        ("similar", "こんにちは", "hello", None),
    ],
)
def test_a_scorer_says_what_a_reader_would(scorer: str, output: str, target: object, value: float | None) -> None:
    scores = judged(scorer, output, target)
    assert scores.values[scorer] == value
    assert value == 1 or scores.reasons[scorer]


def test_rouge_is_that_of_the_rouge_score_package() -> None:
    from rouge_score.rouge_scorer import RougeScorer

    theirs, draw = RougeScorer(["rougeL"]), random.Random(5)
    words = ["a", "cat", "sat", "on", "the", "mat", "and", "saw", "two", "dogs"]
    for _ in range(50):
        one, other = (" ".join(draw.choices(words, k=draw.randint(1, 12))) for _ in range(2))
        assert rouge(one, [other])[0] == pytest.approx(theirs.score(other, one)["rougeL"].fmeasure)
    assert rouge("東京 に 住む", ["東京 に 住む 人"])[0] > 0.8  # theirs knows ASCII only
    assert rouge("cat", ["dog", "a cat"])[0] == pytest.approx(2 / 3)


def test_similar_is_the_cosine_of_the_embeddings() -> None:
    near, far = (similar("The cat sat down.", [t])[0] for t in ("A cat was sitting.", "Stock markets fell today."))
    assert near is not None and far is not None
    assert 0 <= far < 0.5 < near <= 1


def test_what_a_worked_answer_comes_to() -> None:
    assert final("3 + 4\n#### 7 ") == "7"
    assert final("#### Steps\nand more") == "#### Steps\nand more"
    assert final("```\n```") == "```\n```"
    assert final("see ```x```") == "see ```x```"


@pytest.mark.parametrize(
    ("scorer", "target", "said"),
    [("number", "3 or 4", "no number, or several"), ("number", "Paris", "no number"), ("math", "Paris", "expression")],
)
def test_a_row_that_a_scorer_cannot_use_is_named(scorer: str, target: str, said: str) -> None:
    with pytest.raises(UserError, match=f"1 row has a target that is .*{said}.*: 's2'\n"):
        registry.probe("holdout", {"score": scorer}).for_samples(rows("1", target))


def test_nothing_but_reasoning_is_no_target() -> None:
    with pytest.raises(UserError, match="1 row has no target"):
        Holdout().for_samples(rows("<think>They ask</think>"))


@pytest.mark.parametrize("scorer", sorted(SCORERS))
@pytest.mark.parametrize("piece", ["a", "1 ", "word ", "漢", "$x^2$ ", "{", "\\frac{", "```\n", "#### ", "<think>"])
def test_a_scorer_finishes_on_any_output(scorer: str, piece: str) -> None:
    judged(scorer, "1", "1")  # libraries load once
    soon(lambda: judged(scorer, piece * (500_000 // len(piece)), "1"), piece)
    assert math("1", ["1"])[0] == 1  # its time limit is off again
