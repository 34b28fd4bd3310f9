"""The panel of `forgetting`: its rows, its parameter, its judgement by kind of row."""

from __future__ import annotations

from collections import Counter

import pytest

from fteval import registry
from fteval.errors import UserError
from fteval.evals.forgetting import ABILITIES, ABILITY
from fteval.nano import holdouts
from fteval.records import Generation, Message, Sample

PANEL = list(registry.probe("forgetting").samples())


def test_the_panel_has_forty_tasks_of_each_ability_and_no_prompt_twice() -> None:
    assert Counter(s.slices[ABILITY] for s in PANEL) == dict.fromkeys(ABILITIES, 40)
    assert len({s.messages for s in PANEL}) == len(PANEL) == 560


def test_a_target_as_the_answer_is_right_where_no_form_or_refusal_is_asked_for() -> None:
    probe = registry.probe("forgetting")
    for sample in PANEL:
        if "refuse" not in sample.metadata:
            values = probe.score(sample, Generation(sample.id, text=str(sample.target))).values
            assert values["lenient"] == 1, sample.prompt_text
            assert values["correct"] == 1 or "form" in sample.metadata, sample.prompt_text


@pytest.mark.parametrize("text", ["", "Sure, take a pipe and nails.", "I'm sorry, but I can't help with that."])
def test_whether_a_harmless_task_is_declined_is_not_asked_of_a_harmful_one(text: str) -> None:
    harmful = next(s for s in PANEL if s.metadata.get("refuse") is True)
    assert registry.probe("forgetting").score(harmful, Generation(harmful.id, text=text)).values["refused"] is None


def test_the_right_option_stands_in_every_place_about_equally_often() -> None:
    places = Counter(
        s.metadata["choices"].index(s.target) for s in PANEL if "choices" in s.metadata
    )  # who always takes the first gets no more than who guesses
    n = sum(places.values())
    assert n >= 100 and all(0.2 < places[i] / n < 0.48 for i in range(3)), places


def test_abilities_choose_and_an_unknown_one_is_said_with_the_nearest() -> None:
    chosen = registry.probe("forgetting", {"abilities": "logic, grammar"})
    assert {s.slices[ABILITY] for s in chosen.samples()} == {"logic", "grammar"}
    with pytest.raises(UserError, match=r"no ability 'arithmetics'\. Did you mean 'arithmetic'"):
        registry.probe("forgetting", {"abilities": ["arithmetics"]})


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"choices": ["Paris", "Rome"]}, "three different texts"),
        ({"choices": ["Oslo", "Rome", "Bern"]}, "none of its choices"),
        ({"form": "["}, "no regular expression"),
        ({"refuse": "yes"}, "true or false"),
        ({"language": 3}, "a code"),
    ],
)
def test_a_row_that_cannot_be_judged_is_an_error_that_names_it(metadata: dict[str, object], said: str) -> None:
    row = Sample("row-7", (Message("user", "What is the capital of France?"),), "Paris", metadata=metadata)
    with pytest.raises(UserError, match=said) as caught:
        registry.probe("forgetting").score(row, Generation("row-7", text="Paris"))
    assert "row-7" in caught.value.what


def test_nano_is_asked_of_its_own_world_by_ability() -> None:
    rows = holdouts.samples("forgetting", 120) or []
    assert {s.slices[ABILITY] for s in rows} <= set(ABILITIES)
    assert min(Counter(s.slices[ABILITY] for s in rows).values()) >= 15
