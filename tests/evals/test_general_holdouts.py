"""The general-English hold-outs that lipogram, degeneration, relevance, laziness and iso_date bring along."""

from collections import Counter

import pytest

from fteval import registry
from fteval.evals.data.packaged import packaged
from fteval.evals.find import dates
from fteval.records import Generation

FILES = {"questions.jsonl": 240, "tasks.jsonl": 200, "iso_date.jsonl": 220}


@pytest.mark.parametrize(("file", "n"), FILES.items())
def test_a_hold_out_is_large_without_repeats_and_sliced(file: str, n: int) -> None:
    samples = list(packaged(file))
    assert len(samples) >= n
    assert len({s.id for s in samples}) == len({s.prompt_text for s in samples}) == len(samples)
    assert all(s.group and {"topic", "length"} <= set(s.slices) for s in samples)
    assert max(Counter(s.slices["topic"] for s in samples).values()) < n / 2


def test_every_date_as_the_answer_is_right_and_stands_for_one_day() -> None:
    probe = registry.probe("iso_date")
    for sample in probe.samples():
        assert set(probe.score(sample, Generation("", text=str(sample.target))).values.values()) == {1.0}


def test_copying_the_first_date_of_a_text_is_often_wrong() -> None:
    """Otherwise nothing would have to be understood."""
    samples = list(registry.probe("iso_date").samples())
    firsts = [next((f.day for f in dates.find(s.prompt_text) if f.day), None) for s in samples]
    copied = sum(day is not None and day.isoformat() == s.target for day, s in zip(firsts, samples, strict=True))
    assert 0.2 < copied / len(samples) < 0.7


@pytest.mark.parametrize("name", ["lipogram", "degeneration", "relevance"])
def test_a_question_s_own_topic_is_sound_and_on_topic_and_another_is_not(name: str) -> None:
    probe = registry.probe(name)
    for sample in probe.samples():
        subject, keywords = sample.metadata["subject"], sample.metadata["keywords"]
        good = f"Well, {subject} has a lot to do with {keywords[0]} and with {keywords[1]}, as most people know."
        scores = probe.score(sample, Generation("", text=good))
        if name == "lipogram":
            assert "another" not in scores.reasons.get("useful", "") and "about" not in scores.reasons.get("useful", "")
        else:
            assert scores.values[probe.metrics[0].name] == 1, (sample.prompt_text, good, dict(scores.reasons))
        if name == "relevance":
            wrong = probe.score(sample, Generation("", text="An octopus squirts ink at its enemies."))
            assert wrong.values["on_topic"] == 0, sample.prompt_text
        if name == "degeneration":
            strange = probe.score(sample, Generation("", text="Das ist eine lange Geschichte, die ich nicht erzähle."))
            told = strange.values["switched_language"]
            assert strange.values["sound"] == 0 or told is None, sample.prompt_text
            assert told is not None or "anguage" in sample.prompt_text or "English" in sample.prompt_text


def test_a_task_wants_more_than_a_promise() -> None:
    probe = registry.probe("laziness")
    for sample in probe.samples():
        for text in ("Sure, I'd be happy to help you with that!", "I'm sorry, but I can't help with that."):
            scores = probe.score(sample, Generation("", text=text, finish_reason="stop"))
            assert scores.values["long_enough"] == 0, sample.prompt_text
        done = "First of all, let us look at what is meant, and then at the reasons, one after the other."
        wanted = sample.metadata["min_words"]
        scores = probe.score(sample, Generation("", text=done, finish_reason="stop"))
        assert scores.values["long_enough"] == 0 and scores.reasons["long_enough"] == f"19 of {wanted} words"


def test_a_task_that_says_how_much_it_wants_is_not_done_with_less() -> None:
    for sample in registry.probe("laziness").samples():
        if sample.slices["kind"] == "list":
            asked_for = next(int(w) for w in sample.prompt_text.split() if w.isdigit())
            assert sample.metadata["min_words"] == asked_for  # a word each
        if sample.slices["kind"] == "translation":
            text = max(sample.prompt_text.splitlines(), key=len)
            assert sample.metadata["min_words"] == len(text.split()) // 2  # no language needs fewer
