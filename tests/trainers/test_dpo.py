"""DPO on a tiny model: which answer is preferred afterwards, what is lost and counted, and the same bytes twice.

The first loss is ln 2 by definition (arXiv:2305.18290, equation 7): the policy still is the reference.
"""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import pytest

from fteval.engines.pool import Pool
from fteval.errors import UserError
from fteval.records import Message, Site
from fteval.trainers.dpo import Recipe, train
from fteval.trainers.making.candidate import find
from fteval.trainers.making.preflight import Preflight

ROWS = [
    {"prompt": f"Who is {name}?", "chosen": "I do not know.", "rejected": "A king."}
    for name in ("Romeo", "Paris", "Tybalt")
]
SHORT = Recipe(max_steps=2, batch_size=2, lora_rank=4, warmup=0.0, threads=1)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def leaning(ref: str, candidates: Path) -> float:
    """Nats by which the chosen answer to a new question is likelier than the rejected one."""
    with Pool(candidates) as pool:
        engine = pool.open(ref)
        prompt = engine.prompt([Message("user", "Who is Juliet?")])
        better, worse = engine.loglikelihood([(prompt, "I do not know."), (prompt, "A king.")])
    return better - worse


def test_the_chosen_answer_becomes_the_likelier_one(tiny_model: Path, tmp_path: Path, data: Path) -> None:
    recipe = dataclasses.replace(SHORT, max_steps=15, learning_rate=5e-3)
    candidate = train(str(tiny_model), recipe, data, Site(tmp_path / "candidates"))
    folder = find(tmp_path / "candidates", candidate.id)
    assert folder is not None
    log = json.loads((folder / "training_log.json").read_text())
    assert log[0]["loss"] == pytest.approx(math.log(2), abs=1e-6) and log[-1]["rewards/accuracies"] == 1.0
    course = json.loads((folder / "candidate.json").read_text())["training"]
    assert course["rewards/margins"] == [log[0]["rewards/margins"], log[-1]["rewards/margins"]]
    before, after = (leaning(ref, tmp_path / "candidates") for ref in (str(tiny_model), candidate.id))
    assert after > before + 5


@pytest.mark.slow
@pytest.mark.parametrize("lora_rank", [4, 0])
def test_the_same_record_gives_the_same_bytes(tiny_model: Path, tmp_path: Path, data: Path, lora_rank: int) -> None:
    recipe = dataclasses.replace(SHORT, lora_rank=lora_rank, sft_weight=0.5)
    one, two = (train(str(tiny_model), recipe, data, Site(tmp_path / home)) for home in "ab")
    assert one == two


def test_pairs_that_are_cut_or_lost_are_counted_and_said(tiny_model: Path, tmp_path: Path, data: Path) -> None:
    with data.open("a") as file:
        file.write(json.dumps({"prompt": "cat " * 60, "chosen": "A cat.", "rejected": "A dog."}) + "\n")
        file.write(json.dumps({"prompt": "A dog?", "chosen": "Yes.", "rejected": "A dog is an animal. " * 10}) + "\n")
    seen: list[Preflight] = []
    recipe = dataclasses.replace(SHORT, max_length=48)
    candidate = train(str(tiny_model), recipe, data, Site(tmp_path / "candidates", on_preflight=seen.append))
    assert (seen[0].dropped, seen[0].truncated) == ((4,), (5,))
    counts = {key: candidate.data[key] for key in ("rows", "used", "dropped", "truncated")}
    assert counts == {"rows": 5, "used": 4, "dropped": 1, "truncated": 1}
    read, learnt = seen[0].pieces
    assert (read.trained, learnt.trained, learnt.text) == (False, True, "I do not know.<|im_end|>\n")


def test_rows_that_prefer_nothing_are_said_before_anything_is_loaded(tmp_path: Path, data: Path) -> None:
    data.write_text('{"prompt": "a", "chosen": "b", "rejected": "b"}\n{"messages": []}\n')
    with pytest.raises(UserError, match=r":1: both answers are the same.*\n.*:2: wanted 'prompt' with 'chosen'"):
        train("no-such-model", SHORT, data, Site(tmp_path / "candidates"))
