"""Distillation on a tiny model: it comes nearer to its teacher, who must read the same tokens; the same bytes twice."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import tiny
from variants import first

from fteval.errors import UserError
from fteval.records import Site, TrainProgress
from fteval.trainers.distill import Recipe, train
from fteval.trainers.making.candidate import find
from fteval.trainers.making.overlap import FILE
from fteval.trainers.making.preflight import Preflight

SHORT = Recipe(max_steps=2, batch_size=2, max_tokens=8, lora_rank=4, warmup=0.0, threads=1)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.make_model(tmp_path_factory.mktemp("teacher") / "model", seed=3)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "prompts.jsonl"
    path.write_text("".join(json.dumps({"prompt": text}) + "\n" for text in ("Who loves Juliet?", "What is a horse?")))
    return path


def test_the_model_comes_nearer_to_its_teacher(tiny_model: Path, teacher: Path, tmp_path: Path, data: Path) -> None:
    recipe = dataclasses.replace(
        SHORT, teacher=str(teacher), max_steps=20, batch_size=8, learning_rate=1e-2, schedule="constant"
    )
    told: list[TrainProgress] = []
    seen: list[Preflight] = []
    data.write_text(data.read_text() * 4)
    (teacher / FILE).write_text(f"{'0' * 64}\n")  # what a teacher that was trained here has seen
    site = Site(tmp_path / "candidates", on_progress=told.append, on_preflight=seen.append)
    candidate = train(str(tiny_model), recipe, data, site)
    losses = [one.loss for one in told if one.loss is not None]
    assert sum(losses[-4:]) < sum(losses[:4]) * 0.9
    assert candidate.recipe["teacher"] == str(teacher) and candidate.recipe["teacher_digest"].startswith("sha256:")
    folder = find(site.candidates_dir, candidate.id)
    assert folder is not None and "0" * 64 in (folder / FILE).read_text().split()
    assert f"8 prompts, answered by the model and corrected by {teacher}" in str(seen[0])


@pytest.mark.parametrize("told", first([None, "Never use the letter e."]))
def test_the_same_record_gives_the_same_bytes(
    tiny_model: Path, teacher: Path, tmp_path: Path, data: Path, told: str | None
) -> None:
    recipe = dataclasses.replace(SHORT, teacher_prompt=told, teacher=None if told else str(teacher))
    one, two = (train(str(tiny_model), recipe, data, Site(tmp_path / home)) for home in "ab")
    assert one == two and one.data["used"] == 2


def test_a_teacher_that_cannot_teach_is_said_before_anything_is_loaded(
    tiny_model: Path, teacher: Path, tmp_path: Path, data: Path
) -> None:
    site = Site(tmp_path / "candidates")
    with pytest.raises(UserError, match="distill needs a teacher"):
        train(str(tiny_model), SHORT, data, site)
    with pytest.raises(UserError, match="a teacher or a teacher_prompt, not both"):
        Recipe(teacher="nano", teacher_prompt="Be brief.")
    with pytest.raises(UserError, match="0 of 2 prompts leave room for 8 tokens of answer"):
        train(str(tiny_model), dataclasses.replace(SHORT, teacher_prompt="cat " * 600), data, site)
    with pytest.raises(UserError, match=r"'lora_dropout' is 0\.1, wanted 0: dropout would disturb the comparison"):
        Recipe(teacher="nano", lora_dropout=0.1)
    with pytest.raises(UserError, match="the teacher has another tokenizer than the base"):
        train(str(tiny_model), dataclasses.replace(SHORT, teacher="nano"), data, site)
    with pytest.raises(UserError, match="the teacher is another one than the recipe's"):
        train(str(tiny_model), dataclasses.replace(SHORT, teacher=str(teacher), teacher_digest="sha256:0"), data, site)
