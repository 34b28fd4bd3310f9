"""KTO on a tiny model: which answers become likelier, both forms of rows, and the same bytes twice."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from fteval.engines.pool import Pool
from fteval.errors import UserError
from fteval.records import Message, Site
from fteval.trainers.kto import Recipe, train
from fteval.trainers.making.preflight import Preflight

SHORT = Recipe(max_steps=2, batch_size=4, lora_rank=4, warmup=0.0, threads=1)
PAIRS = [{"prompt": f"Who is {name}?", "chosen": "I do not know.", "rejected": "A king."} for name in ("Ann", "Bob")]
LABELLED = [
    {"prompt": "Who is Tybalt?", "completion": "I do not know.", "label": True},
    {"prompt": "Who is Paris?", "completion": "A king.", "label": False},
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in [*PAIRS, *LABELLED]))
    return path


def leaning(ref: str, candidates: Path) -> float:
    """Nats by which the good answer to a new question is likelier than the bad one."""
    with Pool(candidates) as pool:
        engine = pool.open(ref)
        prompt = engine.prompt([Message("user", "Who is Juliet?")])
        better, worse = engine.loglikelihood([(prompt, "I do not know."), (prompt, "A king.")])
    return better - worse


def test_good_answers_become_likelier_than_bad_ones(tiny_model: Path, tmp_path: Path, data: Path) -> None:
    recipe = dataclasses.replace(SHORT, max_steps=15, learning_rate=5e-3)
    seen: list[Preflight] = []
    candidate = train(str(tiny_model), recipe, data, Site(tmp_path / "candidates", on_preflight=seen.append))
    assert (candidate.data["rows"], candidate.data["used"]) == (6, 6)  # a pair is two rows
    before, after = (leaning(ref, tmp_path / "candidates") for ref in (str(tiny_model), candidate.id))
    assert after > before + 5


@pytest.mark.slow
@pytest.mark.parametrize("lora_rank", [4, 0])
def test_the_same_record_gives_the_same_bytes(tiny_model: Path, tmp_path: Path, data: Path, lora_rank: int) -> None:
    recipe = dataclasses.replace(SHORT, lora_rank=lora_rank)
    one, two = (train(str(tiny_model), recipe, data, Site(tmp_path / home)) for home in "ab")
    assert one == two


def test_what_cannot_work_is_said_before_anything_is_loaded(tmp_path: Path, data: Path) -> None:
    with pytest.raises(UserError, match="two rows or more in each part of a batch"):
        Recipe(batch_size=4, accumulate=4)
    data.write_text('{"prompt": "a", "completion": "b", "label": 1}\n{"prompt": "a", "label": true}\n')
    with pytest.raises(UserError, match=r":1: 'label' is 1, wanted true.*\n.*:2: wanted 'prompt', 'completion'"):
        train("no-such-model", SHORT, data, Site(tmp_path / "candidates"))
    data.write_text(json.dumps(LABELLED[0]) + "\n")
    with pytest.raises(UserError, match="one labelled answer is too few"):
        train("no-such-model", SHORT, data, Site(tmp_path / "candidates"))
