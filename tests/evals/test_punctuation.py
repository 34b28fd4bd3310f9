"""Marks and capitals against their original."""

import itertools
import random
import re

import pytest
from evals.pace import soon

from fteval import registry
from fteval.evals.language.marks import compared, marked, plain, same_writing
from fteval.nano.forms.punctuation import rows
from fteval.nano.world import build_world
from fteval.records import Generation, Message, Sample, sample_from_row


def judged(target: str, text: str):
    sample = Sample("row-7", (Message("user", "Restore the marks."),), target=target)
    return registry.probe("punctuation").score(sample, Generation("row-7", text=text))


def test_a_text_is_taken_apart_into_words_marks_and_capitals() -> None:
    found = marked("“Well,” said Dr. O'Neil, “it's 1,000-odd.”")
    assert found.keys == ("well", "said", "dr", "oneil", "its", "1000", "odd")
    assert found.capitals == ("Well", "", "Dr", "ONeil", "", "", "")
    assert "".join(found.marks).replace(" ", "") == '","' + "." + "'," + '"' + "'" + ",-" + '."'


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("it’s", "it's"),
        ("“so”", '"so"'),
        ("so …", "so ..."),
        ("a — b", "a – b"),
        ("a—b", "a -- b"),
        ("a b\n\nc", "a b c"),
        ("« oui »", '"oui"'),
        ("Quoi\u00a0?", "Quoi?"),
        ("1–2", "1-2"),
    ],
)
def test_two_writings_of_one_text_are_the_same(a: str, b: str) -> None:
    assert same_writing(a, b)
    assert plain(plain(a)) == plain(a)


@pytest.mark.parametrize(("a", "b"), [("a.", "a"), ("A", "a"), ("it's", "its"), ("a , b", "a, b"), ("é", "e")])
def test_two_texts_are_not(a: str, b: str) -> None:
    assert not same_writing(a, b)


def test_f1_is_twice_the_right_ones_over_given_and_wanted() -> None:
    # Wanted: . after b, ? after d; given: . after b, . after d, "," after a. One right of three, two wanted: 2/5.
    marks, capitals = compared(marked("A, b. C d."), marked("a b. C d?"))
    assert marks.value == pytest.approx(2 / 5)
    assert capitals.value == pytest.approx(2 / 3)  # given A and C, wanted C


def test_marks_are_compared_at_the_words_that_belong_together() -> None:
    # One word dropped: the marks of the others still stand where they should.
    scores = judged("Yes, we can. Can you?", "Yes, can. Can you?")
    assert scores.values["words_kept"] == 0
    assert scores.values["mark_f1"] == 1 and scores.values["case_f1"] == 1


def test_the_score_keeps_f1_per_mark() -> None:
    answer = judged("Yes, we can. Can you?", "Yes we can. Can you?").answer
    assert ", 0.00" in answer and ". 1.00" in answer and "? 1.00" in answer and "capitals 1.00" in answer


def test_a_long_text_with_one_word_changed_is_aligned_in_time() -> None:
    words = [f"w{n}" for n in range(200_000)]
    scores = judged(" ".join(words) + ".", " ".join(["x", *words]) + ".")
    assert scores.values["words_kept"] == 0


def test_every_row_that_ships_is_judged_right_with_its_target_and_wrong_without_its_marks() -> None:
    probe = registry.probe("punctuation")
    samples = list(probe.samples())
    assert len(samples) >= 200
    assert len({s.prompt_text for s in samples}) == len(samples)
    for s in samples:
        assert set(probe.score(s, Generation(s.id, text=s.target)).values.values()) == {1.0}
        dropped = re.sub(r"[^\w\s%]", "", s.target).lower()
        assert probe.score(s, Generation(s.id, text=dropped)).values["exact"] == 0
        given = re.sub(r"\W", "", s.prompt_text).lower()  # the prompt holds the words, in order
        assert re.sub(r"\W", "", s.target).lower() in given, s.id


def test_rows_of_nanos_world_judge_their_own_target_right() -> None:
    probe = registry.probe("punctuation")
    for row in itertools.islice(rows(build_world(), random.Random(4)), 300):
        scores = probe.score(sample_from_row(row), Generation("", text=row["target"]))
        assert set(scores.values.values()) == {1.0}


@pytest.mark.parametrize("bait", ['"“', "```\n", "\n\n", "a. ", "here is ", ". .", "« ", "—", "x\n\n", "a:\n", " "])
def test_a_megabyte_of_bait_is_judged_within_a_second(bait: str) -> None:
    soon(lambda: judged("Hello, Anna. It is a dog!", bait * (1_000_000 // len(bait))))
