"""An answer is a prompt's own unless another prompt has it too. Every text is invented."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from evals.pace import soon

from fteval import cli, registry
from fteval.records import Generation, Message, Sample

SAME = "It is a thing that people in many towns know and like."


def sample(id_: str, prompt: str | None = None, **fields: object) -> Sample:
    return Sample(id_, (Message("user", prompt or f"Question {id_}?"),), **fields)  # type: ignore[arg-type]


def own(answers: list[tuple[Sample, str]]) -> list[float | None]:
    probe = registry.probe("variety").beside(answers)  # type: ignore[attr-defined]
    return [probe.score(s, Generation(s.id, text=text)).values["own"] for s, text in answers]


def test_one_answer_for_every_prompt_is_nobodys_own() -> None:
    assert own([(sample(str(i)), SAME) for i in range(20)]) == [0.0] * 20


def test_answers_that_differ_are_each_ones_own() -> None:
    draw = random.Random(0)
    words = ("river", "stone", "green", "walk", "bread", "seven", "lamp", "quiet", "horse", "under", "paper", "bright")
    assert own([(sample(str(i)), " ".join(draw.choices(words, k=12))) for i in range(40)]) == [1.0] * 40


@pytest.mark.parametrize(
    "pair",
    [
        (sample("a", group="g"), sample("b", group="g")),  # paraphrases
        (sample("a", target="Rome"), sample("b", target="Rome")),  # the hold-out wants one answer for both
        (sample("a", "Describe tea."), sample("b", "Describe TEA.")),
        (sample("a"), sample("a")),  # repeats
    ],
)
def test_prompts_that_may_share_an_answer_are_aside(pair: tuple[Sample, Sample]) -> None:
    told = [(pair[0], SAME), (pair[1], SAME), (sample("other"), "Nine geese flew over the barn before it rained hard.")]
    assert own(told) == [1.0, 1.0, 1.0]


def test_no_group_and_no_target_do_not_make_two_prompts_one() -> None:
    assert own([(sample("a"), SAME), (sample("b"), SAME)]) == [0.0, 0.0]


def test_a_short_answer_is_open_while_few_prompts_share_it_and_a_habit_when_a_tenth_do() -> None:
    rest = [(sample(f"r{i}"), f"number {i}") for i in range(18)]
    assert own([(sample("a"), "Yes."), (sample("b"), "yes"), *rest])[:2] == [None, None]
    assert own([*((sample(f"y{i}"), "Yes.") for i in range(5)), *rest])[:5] == [0.0] * 5
    assert own([(sample("a"), "Yes."), *rest])[0] == 1.0


def test_a_row_alone_is_unscored_with_a_reason() -> None:
    scores = registry.probe("variety").score(sample("a"), Generation("a", text=SAME))
    assert scores.values == {"own": None}
    assert "not known" in scores.reasons["own"]


def test_a_file_is_judged_as_a_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"prompt": p, "output": SAME} for p in ("Describe tea.", "What is snow?")]
    rows.append(
        {"prompt": "What is rain?", "output": "Water that falls from clouds in drops, mostly when one has no coat."}
    )
    file = tmp_path / "outputs.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert cli.call(["score", str(file), "--probe", "variety", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["scores"]["own"] for line in lines] == [0.0, 0.0, 1.0]
    assert "What is snow?" in lines[0]["reasons"]["own"]


def test_five_thousand_answers_are_compared_soon() -> None:
    answers = [(sample(str(i)), f"{i} " + "the same long text again and again " * 30) for i in range(5_000)]
    probe = registry.probe("variety").beside(answers)  # type: ignore[attr-defined]
    soon(lambda: probe.score(answers[7][0], Generation("7", text=answers[7][1])))
