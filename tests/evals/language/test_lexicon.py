"""Which strings are words. The texts are ordinary English and ordinary noise."""

import pathlib

import pytest

from fteval.evals.language.lexicon import disguised, non_words


@pytest.mark.parametrize(
    "text",
    [
        "A dog barks at night, digs in mud and gallops; it hoots, has a blowhole, tusks and a snout.",
        "I don't, can't, won't; e.g. a well-kept x-ray and rock-and-roll.",
        "Tavik Oldrum of Quillfeather met Zorana Brightwater in Upper Thrumble.",
        "COVID-19 affects DNA and mRNA at 5kg, 3pm, in the 1990s; H2O, mp3, B2B, 21st.",
        "naïve café über",
        "import numpy as np; x_train = foo.bar(camelCase)",
        "The hoofprints went unhurriedly past the birdhouse.",
        "THE DOG IS BIG",
        "2x + 3y = z, where x, y and z are numbers",
        "Mr. and Mrs. Smith drove 60 mph, etc.",
        "The abbess's dog's bone and the dogs' bones",
    ],
)
def test_english_has_no_non_words(text: str) -> None:
    assert non_words(text, "en").found == ()


@pytest.mark.parametrize(
    ("text", "at_least"),
    [
        ("Blu sng", 0.5),
        ("th3 c4t", 1),
        ("-o-o-o-", 1),
        ("asdf qwer zxcv hjkl", 1),
        ("lkj sdf xcv wqr zxc", 1),
        ("Xqz Vbnr Tlkp Wqrs Mnbt", 1),
        ("flimber grolt snazzen trebulic wompish", 0.5),
        ("The qwik brwn fx jmps ovr th lzy dg", 0.5),
        ("Th\u0435 c\u0430t", 1),
        ("xk jd wq zz vv pp", 1),
    ],
)
def test_noise_has(text: str, at_least: float) -> None:
    share = non_words(text, "en").share
    assert share is not None and share >= at_least


def test_other_languages_have_their_own_lexicons() -> None:
    german = "Der Hund ist ein treues Tier mit weichem Fell."
    assert non_words(german, "de").found == ()
    assert non_words("Собака — верное животное", "ru").found == ()
    assert non_words(german, "en").found  # "treues"; English text holds many German words


def test_nothing_to_judge_is_none_not_zero() -> None:
    for text in ("", "42", "犬は動物です", "```x = 1```"):
        assert non_words(text, "en").share is None, text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Mbwa ni mnyama mwaminifu anayelinda nyumba.", "sw"),
        ("개는 충성스러운 동물로서 집을 지킵니다.", "ko"),
        ("কুকুর একটি বিশ্বস্ত প্রাণী।", "bn"),
        ("Koer on truu loom, kes valvab maja.", "et"),
        ("개는 충성스러운 동물로서 집을 지킵니다.", "en"),  # another script than the lexicon's
        ("ἀνήρ λόγος", "en"),
    ],
)
def test_words_that_no_lexicon_can_know_are_not_judged(text: str, code: str) -> None:
    assert non_words(text, code).share is None


def test_noise_among_words_of_a_script_without_a_lexicon_is_still_noise() -> None:
    assert non_words("개는 flimber 동물로서 grolt", "ko", "en").found == ("flimber", "grolt")


@pytest.mark.parametrize(
    ("word", "is_disguise"),
    [("th3", 1), ("c4t", 1), ("h0us3", 1), ("mp3", 0), ("h2o", 0), ("utf8", 0), ("3rd", 0), ("10k", 0)],
)
def test_digits_for_letters_are_a_disguise(word: str, is_disguise: int) -> None:
    assert disguised(word) is bool(is_disguise)


def test_edited_english_of_this_project_is_nearly_free_of_non_words() -> None:
    prose = "\n".join(
        p.read_text("utf-8") for p in sorted((pathlib.Path(__file__).parents[3] / "fteval" / "records").glob("*.py"))
    )
    comments = " ".join(line.strip().strip('"') for line in prose.splitlines() if line.strip().startswith('"""'))
    found = non_words(comments, "en")
    assert found.judged > 100
    assert found.share is not None and found.share < 0.05, found.found
