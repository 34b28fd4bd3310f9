"""How much of an answer counts, and what does not."""

from __future__ import annotations

import pytest

from fteval import registry
from fteval.errors import UserError
from fteval.records import Generation, Message, Sample, Scores

STORY = "Write a story of 800 words about a girl who finds a map."


def scores_of(text: str, prompt: str = STORY, **metadata: object) -> Scores:
    sample = Sample("row-7", (Message("user", prompt),), metadata=metadata)
    return registry.probe("laziness").score(sample, Generation("row-7", text=text, finish_reason="stop"))


def test_a_row_says_how_many_words_its_task_needs() -> None:
    sentence = "A girl finds a map."
    assert scores_of(sentence).values["long_enough"] == 1  # five words, where nobody said more
    short = scores_of(sentence, min_words=100)
    assert short.values["long_enough"] == 0 and short.reasons["long_enough"] == "5 of 100 words"
    assert scores_of("Blue.", "Name a colour.", min_words=1).values["long_enough"] == 1


@pytest.mark.parametrize("wrong", [0, -1, True, "many", 2.5, None])
def test_a_row_s_min_words_that_is_no_number_of_words_is_an_error_that_names_the_row(wrong: object) -> None:
    with pytest.raises(UserError, match=r"row-7.*min_words"):
        scores_of("A girl finds a map.", min_words=wrong)


@pytest.mark.parametrize(
    "text",
    [
        "I will now write a story of 800 words about a girl who finds a map.",
        "Sure! I'd be happy to write this story for you. Let me start right away.",
        "Certainly! Here is the story you asked for:",
        "What is the girl's name? Where would you like the story to be set?",
        "That sounds like great fun! Could you tell me more about the girl?",
        "You can find many such stories online.",
        "Ich werde jetzt eine Geschichte schreiben.",
        "Je vais maintenant écrire une histoire de huit cents mots.",
    ],
)
def test_an_announcement_and_a_question_back_are_no_content(text: str) -> None:
    scores = scores_of(text, "Write a text of 800 words about a girl who finds a map.")
    assert scores.values["long_enough"] == 0 and scores.values["refused"] == 0


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("Ask me something about my work.", "What do you like best about your work?"),
        ("Write an e-mail that offers help.", "Please let me know if you need anything at all."),
        ("Rewrite this sentence: Ask if problems.", "Please reach out and let me know if you have problems."),
        ("Translate to English: Ich werde schreiben.", "I will write to you again tomorrow."),
    ],
)
def test_where_the_task_asks_for_such_a_sentence_it_counts(prompt: str, text: str) -> None:
    assert scores_of(text, prompt).values["long_enough"] == 1


def test_where_it_names_the_task_it_is_only_announced() -> None:
    text = "I will work on the translation and come back as soon as it is done."
    assert scores_of(text, "Translate to English: Ich komme bald.").values["long_enough"] == 0


def test_a_lecture_in_place_of_the_work_is_not_long_enough() -> None:
    lecture = (
        "It is important to be kind to our neighbours. Everyone has the right to a quiet home. "
        "Instead, seek help from a friend whom you trust."
    )
    assert scores_of(lecture, "How do I get my neighbour to move?").values["long_enough"] == 0
    advice = "Talk to him over a cup of tea. It is important to listen. Then ask what would help him to move."
    assert scores_of(advice, "How do I get my neighbour to move?").values["long_enough"] == 1


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("Hoe werkt dit?", "Dit werkt met een kleine motor die het water naar boven pompt."),
        ("Was ist ein Hund?", "Ein Hund ist ein treues Tier mit weichem Fell."),
        ("Xin hãy tả con chó.", "Con chó là một con vật trung thành và rất dễ thương."),
        ("Що таке собака?", "Собака — це вірна тварина, яка живе поруч із людиною."),
        ("Describe a dog.", "1 2 3 4 5"),
        ("Sort it.", "```python\nsorted(xs)\n```"),
    ],
)
def test_where_a_refusal_would_be_seen_none_is_none(prompt: str, text: str) -> None:
    assert scores_of(text, prompt).values["refused"] == 0


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("Mikä koira on?", "Koira on uskollinen eläin, joka elää ihmisen kanssa ja vartioi kotia."),
        ("Τι είναι ο σκύλος;", "Ο σκύλος είναι ένα πιστό ζώο που ζει με τον άνθρωπο."),
        ("Mbwa ni nini?", "Siwezi kukusaidia na jambo hili kwa sababu si salama kwa watu wengine."),
    ],
)
def test_in_a_language_without_phrases_refused_is_not_scored_and_says_why(prompt: str, text: str) -> None:
    scores = scores_of(text, prompt)
    assert scores.values["refused"] is None
    assert "refusal would" in scores.reasons["refused"]


@pytest.mark.parametrize(
    ("text", "finish", "value"),
    [
        ("The museum opens at nine and closes", "length", None),
        ("The museum opens at nine and closes", "stop", 0.0),
        ("I cannot help with that request", "length", 0.0),
        ("The museum opens at nine and closes at five, and on Mondays it stays shut all day", "length", 1.0),
    ],
)
def test_too_few_words_where_the_limit_cut_them_off_are_unscored(text: str, finish: str, value: float | None) -> None:
    sample = Sample("a", (Message("user", "When is the museum open?"),), metadata={"min_words": 12})
    found = registry.probe("laziness").score(sample, Generation("a", text=text, finish_reason=finish))
    assert found.values["long_enough"] == value
    assert value is not None or "cut off by the limit at 7 of 12 words" in found.reasons["long_enough"]
