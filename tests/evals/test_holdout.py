"""The user's own file: which scorers follow from its targets, and what is wrong with a file."""

from decimal import Decimal

import pytest
import sacrebleu
from evals.pace import soon

from fteval import registry
from fteval.errors import UserError
from fteval.evals.find.target import as_number, chrf, final_number
from fteval.evals.holdout import Holdout
from fteval.records import Generation, Message, Sample


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
    with pytest.raises(UserError, match=r"7 rows have no target.*s2, s3, s4, s5, s6 and 2 more"):
        Holdout().for_samples(rows("a", *[None] * 5, "", " "))
    with pytest.raises(UserError, match=r"1 row has no target to compare with: s1\n"):
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


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234.5", "1234.5"),
        ("$12", "12"),
        ("50 %", "50"),
        ("−3", "-3"),
        ("1e3", "1E+3"),
        ("1,23", None),
        ("12a", None),
        ("", None),
    ],
)
def test_a_number_is_read_as_english_writes_it(text: str, value: str | None) -> None:
    found = as_number(text)
    assert found == (None if value is None else Decimal(value))


@pytest.mark.parametrize(
    ("output", "value"),
    [
        ("The answer is 42.", 42),
        ("3 + 4 = 7", 7),
        ("#### 12", 12),
        ("\\boxed{5} of 9", 5),
        ("First 3, then 4, at last 5", 5),
        ("Answer: **18** apples, not 20", 18),
        ("9**9**9", 9),
        ("none", None),
    ],
)
def test_the_number_that_an_output_comes_to(output: str, value: int | None) -> None:
    assert final_number(output) == value
