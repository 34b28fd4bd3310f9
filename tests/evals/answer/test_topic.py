"""What a prompt is about, and what an answer is about instead."""

import pytest

from fteval.evals.answer.check import copied, no_sentence
from fteval.evals.answer.off_topic import other_subject
from fteval.evals.answer.topic import topic, touch


def test_inflections_name_the_subject_and_lookalikes_do_not() -> None:
    for subject, yes, no in (
        ("dog", "dogs dog's Dog", "dogma hotdogs underdog"),
        ("mouse", "mice mouse", "mousse moss"),
        ("child", "children child's", "chill"),
        ("leaf", "leaves leaf", "leave"),
        ("singing", "sings sang sing", "single"),
    ):
        of = topic("?", subject)
        assert all(touch(w, of).mentions for w in yes.split()), subject
        assert not any(touch(w, of).mentions for w in no.split()), subject


@pytest.mark.parametrize(
    ("answer", "other"),
    [
        ("A cat has a thin tail.", "cat"),
        ("A cat is a small animal.", "cat"),
        ("Cats are small animals.", "cats"),
        ("A cat naps in warm spots.", "cat"),
        ("Pizza is a tasty food.", "pizza"),
        ("A bird has a wagging tail.", "bird"),
        ("Birds sing at dawn.", "birds"),
        ("A dog is unlike a cat.", None),
        ("A big gray animal has a tail.", None),
        ("It has a long tail.", None),
        ("This animal barks.", None),
        ("Its fur is soft.", None),
        ("The tail is long.", None),
        ("Ears are long.", None),
        ("A loyal companion that barks.", None),
        ("A loyal pal is always there.", None),
        ("Big ears and a tail mark it.", None),
    ],
)
def test_another_subject_is_found_only_in_a_statement_about_it(answer: str, other: str | None) -> None:
    assert other_subject(answer, topic("Describe a dog.", "dog")) == other


def test_a_prompt_given_back_is_told_from_an_answer_in_its_words() -> None:
    meeting = "The meeting is on March 4, 2021. When is the meeting?"
    assert copied("Describe a dog.", "Describe a dog.")
    assert copied("describe a DOG", "Please help me. Describe a dog.")
    assert copied(meeting, meeting)
    assert not copied("The meeting is on March 4, 2021.", meeting)


@pytest.mark.parametrize(
    ("text", "is_salad"),
    [
        ("fur bark run tail dog", True),
        ("fur the of bark a is to dog and the with run a of tail the and", True),
        ("Big, gray, calm, strong, slow.", False),
        ("A dog is what it is, and that is that.", False),
        ("The one I came for was the in-crowd.", False),
        ("Ein Hund bellt laut nachts draussen", False),
    ],
)
def test_words_without_grammar_are_no_sentence(text: str, is_salad: bool) -> None:
    assert no_sentence(text, text.split()) is is_salad
