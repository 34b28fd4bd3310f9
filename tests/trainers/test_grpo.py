"""GRPO on a tiny model: rewards rise, what cannot work is said before the first step, and the same bytes twice."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import tiny
from variants import first

from fteval.engines.local.chat import Chat
from fteval.engines.pool import Pool
from fteval.errors import Incomplete, UserError
from fteval.records import Generation, Message, Sample, Site, TrainProgress
from fteval.trainers.grpo import Recipe, train
from fteval.trainers.making.base import find_base
from fteval.trainers.making.candidate import find
from fteval.trainers.making.preflight import Preflight
from fteval.trainers.making.read_by_base import OfBase
from fteval.trainers.making.sources import Answers

QUESTIONS = ("Who loves Juliet?", "What is a horse?", "Tell me about a dog.", "When was Paris born?")


def short(completion_ids: Sequence[Sequence[int]], **_: Any) -> list[float]:
    """As TRL's own reward functions are written."""
    return [-float(len(ids)) for ids in completion_ids]


def nobody(completions: Sequence[Any], **_: Any) -> list[None]:
    return [None] * len(completions)


def of_plain_ones(completions: Sequence[Any], **_: Any) -> list[float | None]:
    """Judges what is tried before the first step, and nothing that a model writes."""
    return [1.0 if "four legs" in said[0]["content"] else None for said in completions]


def alike(completions: Sequence[Any], **_: Any) -> list[float]:
    return [1.0] * len(completions)


def late(trainer_state: Any, completions: Sequence[Any]) -> list[float | None]:
    """Fails in the second step."""
    return [1.0 / (trainer_state.global_step - 1)] * len(completions)


TINY: dict[str, Any] = {"lora_rank": 4, "warmup": 0.0, "threads": 1, "max_tokens": 12}
SHORT = Recipe(rewards=("published_naive",), max_steps=2, batch_size=4, num_generations=2, **TINY)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "prompts.jsonl"
    path.write_text("".join(json.dumps({"prompt": text}) + "\n" for text in QUESTIONS))
    return path


def test_what_is_rewarded_is_what_the_answers_become(tiny_model: Path, tmp_path: Path, data: Path) -> None:
    recipe = Recipe(rewards=(short,), max_steps=25, learning_rate=1e-2, schedule="constant", **TINY)
    told: list[TrainProgress] = []
    candidate = train(str(tiny_model), recipe, data, Site(tmp_path / "candidates", on_progress=told.append))
    rewards = [one.reward for one in told if one.reward is not None]
    assert len(rewards) == 25
    assert sum(rewards[-5:]) / 5 > sum(rewards[:5]) / 5 + 2  # at least two tokens shorter
    folder = find(tmp_path / "candidates", candidate.id)
    assert folder is not None
    course = json.loads((folder / "candidate.json").read_text())["training"]
    assert course["reward"] == [rewards[0], rewards[-1]] and course["unscored"] == [0.0, 0.0]
    (recorded,) = candidate.recipe["rewards"]
    assert recorded.keys() == {"python", "source", "weight"} and recorded["python"] == "short"


@pytest.mark.parametrize("lora_rank", first([4, 0]))
def test_the_same_record_gives_the_same_bytes(tiny_model: Path, tmp_path: Path, data: Path, lora_rank: int) -> None:
    recipe = dataclasses.replace(SHORT, lora_rank=lora_rank, beta=0.1)
    one, two = (train(str(tiny_model), recipe, data, Site(tmp_path / home)) for home in "ab")
    assert one == two
    assert one.data["rows"] == one.data["used"] == 4


def test_prompts_without_room_for_an_answer_are_dropped_and_counted(tmp_path: Path, data: Path) -> None:
    base = tiny.make_model(tmp_path / "base", max_position_embeddings=60)
    with data.open("a") as file:
        file.write(json.dumps({"prompt": "cat " * 50}) + "\n")
    seen: list[Preflight] = []
    candidate = train(str(base), SHORT, data, Site(tmp_path / "candidates", on_preflight=seen.append))
    assert (candidate.data["rows"], candidate.data["used"], seen[0].dropped) == (5, 4, (5,))
    assert "4 prompts, 2 answers to each; rewards: 1 × published_naive" in str(seen[0])
    recipe = dataclasses.replace(SHORT, max_tokens=50)
    with pytest.raises(UserError, match="0 of 5 prompts leave room for 50 tokens of answer, and each step takes 2"):
        train(str(base), recipe, data, Site(tmp_path / "candidates"))


def test_a_reward_that_cannot_work_ends_it_before_the_first_step(tiny_model: Path, tmp_path: Path, data: Path) -> None:
    with data.open("a") as file:  # the fourth has a target, the fifth none
        file.write(json.dumps({"prompt": "What is a cat?"}) + "\n")
    data.write_text(data.read_text().replace("}", ', "target": "Romeo"}', 4))
    targets = data.with_name("targets.jsonl")
    targets.write_text("".join(data.read_text().splitlines(keepends=True)[:4]))
    for reward, rows, said in [
        (nobody, data, "the reward nobody judged none of"),
        ("facts.correct", data, "row '5' needs a 'target'"),
        ({"probe": "holdout", "metric": "exact", "weight": -1}, targets, "of which more is better"),
        ("degeneration.surprise", data, "judged none of 5 plain answers"),  # it is the reference that says
        ("relevance.aboutness", data, "judged none of 5 plain answers"),
    ]:
        recipe = dataclasses.replace(SHORT, rewards=(reward,))
        site = Site(tmp_path / "candidates", on_progress=lambda step: pytest.fail(f"trained: {step}"))
        with pytest.raises(UserError, match=said):
            train(str(tiny_model), recipe, rows, site)
    assert [path.name for path in (tmp_path / "candidates").iterdir()] == [".training"]


def test_a_reward_that_fails_later_ends_the_training_and_nothing_is_registered(
    tiny_model: Path, tmp_path: Path, data: Path
) -> None:
    recipe = dataclasses.replace(SHORT, rewards=(late,))
    with pytest.raises(UserError, match="the reward late fails: ZeroDivisionError"):
        train(str(tiny_model), recipe, data, Site(tmp_path / "candidates"))
    with pytest.raises(Incomplete, match="changed nothing: rate or gradient was 0"):
        train(str(tiny_model), dataclasses.replace(SHORT, rewards=(alike,)), data, Site(tmp_path / "candidates"))
    assert [path.name for path in (tmp_path / "candidates").iterdir()] == [".training"]


def test_rewards_that_judge_nothing_that_the_model_writes_end_it(tiny_model: Path, tmp_path: Path, data: Path) -> None:
    recipe = dataclasses.replace(SHORT, rewards=("published_naive", of_plain_ones), max_steps=30)
    with pytest.raises(UserError, match="no answer of the first 64 has a reward: of_plain_ones judges none"):
        train(str(tiny_model), recipe, data, Site(tmp_path / "candidates"))


def test_what_the_recipe_alone_shows_is_said_when_it_is_made(tmp_path: Path, data: Path) -> None:
    with pytest.raises(UserError, match=r"'num_generations' is 8, wanted a divisor of batch_size \(12\)"):
        Recipe(batch_size=12)
    with pytest.raises(UserError, match="grpo needs rewards"):
        train("nano", Recipe(), data, Site(tmp_path / "candidates"))
    assert [Recipe().resolved(rows).epochs for rows in (4, 60, 1000)] == [25.0, 4.0, 1.0]


def test_the_base_s_own_reading_is_a_reward(tiny_model: Path, tmp_path: Path, data: Path) -> None:
    site = Site(tmp_path / "candidates")
    recipe = dataclasses.replace(SHORT, rewards=("aboutness", {"reading": "surprise", "weight": -0.5}))
    assert train(str(tiny_model), recipe, data, site).recipe["rewards"] == [
        {"reading": "aboutness", "weight": 1.0},
        {"reading": "surprise", "weight": -0.5},
    ]
    (about, surprise) = (
        OfBase(name).fitted([], site, find_base(str(tiny_model), tmp_path)) for name in ("aboutness", "surprise")
    )
    asked = Sample("1", (Message("user", QUESTIONS[0]),))
    answers = Answers([asked, asked], [Generation("1", text="Juliet loves Romeo."), Generation("1", text="")], 0.0, {})
    # The definitions, through the engine's own log-likelihoods: nats a byte, and nats a token against a neutral prompt.
    with Pool(tmp_path) as pool:
        engine = pool.open(str(tiny_model))
        text = "Juliet loves Romeo."
        own, alone = engine.loglikelihood(
            [(engine.prompt([Message("user", q)]), text) for q in (QUESTIONS[0], "Go on.")]
        )
        n_tokens = len(Chat(tiny_model).encode(text))
    assert surprise.values(answers) == [pytest.approx(-own / len(text), rel=1e-3), None]
    assert about.values(answers) == [pytest.approx((own - alone) / n_tokens, rel=1e-3), None]


def test_the_base_reads_by_the_template_that_it_is_lent(tmp_path: Path) -> None:
    base = tiny.make_model(tmp_path / "base", template=None)
    on = dataclasses.replace(find_base(str(base), tmp_path), template="chatml")
    about = OfBase("aboutness").fitted([], Site(tmp_path, "cpu"), on)
    asked = Sample("1", (Message("user", QUESTIONS[0]),))
    answers = Answers([asked], [Generation("1", text="Juliet loves Romeo.")], 0.0, {})
    assert isinstance(about.values(answers)[0], float)
