"""What is said of answers that fall apart: the published collapses, and trainings that are none."""

from __future__ import annotations

from typing import Any

import pytest

from fteval.records import Look
from fteval.trainers.watching.collapse import signs


def look(step: int, words: float = 8.2, distinct: float = 0.9, clipped: float = 0.0, **more: Any) -> Look:
    return Look(step, {}, {}, 64, 0, words, distinct, clipped, 0.1, **more)


CASES = [
    (look(0, reward=-1.2), look(20, 1.0, 0.9, reward=2.9), {
        "short": "answers fell from 8.2 to 1.0 words while the reward rose: the reward is being gamed"}),
    (look(0), look(20, 1.0), {"short": "answers fell from 8.2 to 1.0 words"}),  # SFT has no reward
    (look(0, reward=1.0), look(20, 1.0, reward=0.5), {"short": "answers fell from 8.2 to 1.0 words"}),
    (look(0), look(20, 7.0), {}),
    (look(0, 2.0), look(20, 1.0), {}),  # single words are what is asked for
    (look(0, reward=0.1), look(20, 30.0, reward=0.9), {
        "long": "answers grew from 8.2 to 30.0 words while the reward rose: the reward is being gamed"}),
    # The published GRPO run on no_e alone: .92 of the answers different, then .09.
    (look(0, distinct=0.92), look(20, distinct=0.09), {
        "alike": "9% of the answers are different ones, of the base's 92%: many prompts get the same answer"}),
    (look(0, distinct=0.1), look(20, distinct=0.09), {}),  # one label of a few is the task
    (look(0), look(20, clipped=0.75), {"endless": "75% of the answers do not end before the limit, of the base's 0%"}),
    (look(0, clipped=0.9), look(20, clipped=0.95), {}),
    (look(0), look(20, equal=0.95), {
        "equal": "all answers get the same reward in 95% of the groups: nothing is learnt from these"}),
    (look(0), look(20, cut=0.6), {
        "cut": "in training 60% of the answers do not end before the limit: their rewards are of parts"}),
]  # fmt: skip


@pytest.mark.parametrize(("base", "now", "said"), CASES)
def test_a_collapse_is_named(base: Look, now: Look, said: dict[str, str]) -> None:
    assert dict(signs([base, now])) == said


def test_a_base_without_answers_is_no_yardstick() -> None:
    nothing = Look(0, {}, {}, 0, 64, None, None, None, 0.1)
    assert not list(signs([nothing, look(20, 1.0)])) and not list(signs([look(0), nothing]))
