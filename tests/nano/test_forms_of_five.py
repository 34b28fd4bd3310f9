"""The endless questions of nano's world for the probes of open answers and of dates."""

import itertools
import random

import pytest
from variants import first

from fteval import registry
from fteval.nano.forms import dates, descriptions
from fteval.nano.world import build_world
from fteval.records import Generation, sample_from_row

WORLD = build_world()


def drawn(form, n: int, seed: int = 3) -> list[dict]:
    return list(itertools.islice(form.rows(WORLD, random.Random(seed)), n))


@pytest.mark.parametrize("form", first([dates, descriptions]))
def test_the_stream_is_the_same_for_a_seed_and_has_thousands_of_different_prompts(form) -> None:
    assert drawn(form, 50) == drawn(form, 50)
    prompts = {row["messages"][-1]["content"] for row in drawn(form, 6_000)}
    assert len(prompts) > 4_000


def test_a_drawn_date_s_target_is_judged_right() -> None:
    probe = registry.probe("iso_date")
    for row in drawn(dates, 300):
        sample = sample_from_row(row)
        scores = probe.score(sample, Generation("", text=str(sample.target)))
        assert set(scores.values.values()) == {1.0}
        spoken = probe.score(sample, Generation("", text=sample.metadata["long"]))
        assert (spoken.values["correct_iso"], spoken.values["correct"]) == (0.0, 1.0)


def test_the_asked_day_stands_in_the_question_and_strangers_are_asked_about() -> None:
    for row in drawn(dates, 300):
        question = row["messages"][-1]["content"]
        assert str(int(row["target"][:4])) in question
        assert "born" not in question or not WORLD.names & {question.split()[-2]}


@pytest.mark.parametrize("name", ["lipogram", "degeneration", "relevance", "laziness"])
def test_a_drawn_question_gets_a_sound_answer_right_and_another_subject_wrong(name: str) -> None:
    probe = registry.probe(name)
    right = {t.name: t for t in WORLD.things}
    for row in drawn(descriptions, 300):
        sample = sample_from_row(row)
        thing = right[sample.metadata["subject"]]
        free = [p for p in thing.parts if "e" not in p][:2]
        good = f"It has {free[0]} and {free[1]}."
        scores = probe.score(sample, Generation("", text=good, finish_reason="stop"))
        assert scores.values[probe.metrics[0].name] == 1.0, (sample.prompt_text, good, dict(scores.reasons))
        if name == "relevance":
            wrong = probe.score(sample, Generation("", text="Taxes are paid to the state in April."))
            assert wrong.values["on_topic"] == 0.0
