"""Answers to the wordings and repeats of one question, beside each other."""

from __future__ import annotations

from fteval.evals.consistency import Consistency
from fteval.records import Generation, Message, Sample


def sample(id_: str, group: str | None = "capital") -> Sample:
    return Sample(id_, (Message("user", "What is the capital of Norway?"),), group=group)


def scores(answers: list[tuple[Sample, str]]) -> list[tuple[float | None, float | None]]:
    probe = Consistency().beside(answers)
    found = [probe.score(s, Generation(s.id, text=text)).values for s, text in answers]
    return [(values["agreement"], values["clusters"]) for values in found]


def test_an_answer_is_held_against_the_others_of_its_group_and_not_against_itself() -> None:
    told = [(sample("a"), "Oslo"), (sample("b"), "It is Oslo."), (sample("c"), "Bergen"), (sample("x", "y"), "Rome")]
    assert scores(told) == [(0.5, 2), (0.5, 2), (0, 2), (None, None)]


def test_repeats_of_one_question_are_a_group() -> None:
    one = sample("a", None)
    assert scores([(one, "Oslo"), (one, "Oslo"), (one, "Oslo.")]) == [(1, 1)] * 3
    assert scores([(one, "Oslo")]) == [(None, None)]
