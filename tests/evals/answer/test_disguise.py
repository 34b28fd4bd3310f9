"""A forbidden letter spelt round, and words that only look so."""

import pytest

from fteval.evals.answer.disguise import spelt_round


@pytest.mark.parametrize(
    "text",
    [
        "th3 dog barks",
        "th_ dog",
        "A d-o-g is big",
        "A hous is big",
        "Bcaus a dog barks",
        "I lik big dogs",
        "A tr33 is tall",
        "It liv_s in a hous_",
        "Th dog is fast",
        "a snak is long",
        "a p u p",
        "b*ar",
        "A machin that runs",
    ],
)
def test_spelling_round_e_is_found(text: str) -> None:
    assert spelt_round(text, "e")


@pytest.mark.parametrize(
    "text",
    [
        "A big dog and a fir",
        "a dog, B2B mp3 h2o 3rd 10kg",
        "**A dog** is _big_",
        "Plan A - B - C",
        "covid-19 x-ray A-1 50% r&b",
        "U.S.A. is big",
        "A* is a way to plan a path, and C+ is not bad",
        "man & dog",
        "It's a 5-door car, $20",
        "Oaks, firs and a cub in a cod's lair; a din, a mist, a grain of salt",
        "A hop, a skip, a jump. Hat, cap, rod, bar, pin, rat, mad, hid.",
        "-o-o-o-"[:2],
    ],
)
def test_ordinary_words_without_e_are_not(text: str) -> None:
    assert spelt_round(text, "e") is None


def test_a_word_of_the_prompt_without_its_letter_is_clear() -> None:
    assert spelt_round("A hors runs fast", "e", "Describe a horse.")
    assert spelt_round("A hors runs fast", "e") is None  # hors (d'oeuvre) by itself is a word


def test_any_letters_can_be_forbidden() -> None:
    assert spelt_round("The 0cean is deep", "o")
    assert spelt_round("The deep blue sea", "o") is None
    assert spelt_round("A bg anml", "ia")
