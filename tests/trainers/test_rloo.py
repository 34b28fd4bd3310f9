"""RLOO on a tiny model: rewards rise while the model is held to its base, and the same bytes twice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from fteval.records import Site, TrainProgress
from fteval.trainers.rloo import Recipe, train


def short(completion_ids: Sequence[Sequence[int]], **_: Any) -> list[float]:
    return [-float(len(ids)) for ids in completion_ids]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "prompts.jsonl"
    path.write_text("".join(json.dumps({"prompt": text}) + "\n" for text in ("Who loves Juliet?", "What is a horse?")))
    return path


def test_what_is_rewarded_is_what_the_answers_become(tiny_model: Path, tmp_path: Path, data: Path) -> None:
    recipe = Recipe(
        rewards=(short,), max_steps=25, learning_rate=1e-2, schedule="constant", lora_rank=4, warmup=0.0, threads=1,
        max_tokens=12,
    )  # fmt: skip
    told: list[TrainProgress] = []
    train(str(tiny_model), recipe, data, Site(tmp_path / "candidates", on_progress=told.append))
    rewards = [one.reward for one in told if one.reward is not None]
    assert sum(rewards[-5:]) / 5 > sum(rewards[:5]) / 5 + 2  # at least two tokens shorter


@pytest.mark.slow
@pytest.mark.parametrize("lora_rank", [4, 0])
def test_the_same_record_gives_the_same_bytes(tiny_model: Path, tmp_path: Path, data: Path, lora_rank: int) -> None:
    recipe = Recipe(
        rewards=("published_naive",), max_steps=2, batch_size=4, num_generations=2, lora_rank=lora_rank, warmup=0.0,
        threads=1, max_tokens=12,
    )  # fmt: skip
    one, two = (train(str(tiny_model), recipe, data, Site(tmp_path / home)) for home in "ab")
    assert one == two
