"""Continued pretraining on a tiny model: what is learnt, that nothing is lost, and the same bytes twice."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import tiny
from variants import first

from fteval.engines.local.chat import Chat
from fteval.engines.pool import Pool
from fteval.errors import UserError
from fteval.records import Message, Request, Sample, Sampling, Site
from fteval.trainers.continue_pretraining import Recipe, train
from fteval.trainers.making.candidate import find
from fteval.trainers.making.overlap import overlap
from fteval.trainers.making.preflight import Preflight

TEXTS = ["Bob was born in Rome. Who loves Bob? Juliet loves Bob.", "A dog naps in a tree."]
SHORT = Recipe(max_steps=2, batch_size=2, lora_rank=4, warmup=0.0, threads=1, max_length=12)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS))
    return path


def continued(ref: str, candidates: Path, text: str) -> str:
    with Pool(candidates) as pool:
        engine = pool.open(ref)
        request = Request("0", "0", engine.prompt([Message("text", text)]))
        ((answer,),) = engine.generate([request], Sampling(max_tokens=30))
    return answer.text or ""


@pytest.mark.parametrize(("lora_rank", "rate"), first([(8, 1e-2), (0, 3e-3)]))
def test_a_model_without_a_chat_template_goes_on_as_the_text_did(tmp_path: Path, lora_rank: int, rate: float) -> None:
    base = tiny.make_model(tmp_path / "base", template=None)
    (tmp_path / "whole.txt").write_bytes(b"\xef\xbb\xbf" + TEXTS[0].encode())
    recipe = Recipe(max_steps=40, batch_size=1, lora_rank=lora_rank, learning_rate=rate, threads=1)
    candidate = train(str(base), recipe, tmp_path / "whole.txt", Site(tmp_path / "candidates"))
    assert continued(candidate.id, tmp_path / "candidates", "Bob was born") == TEXTS[0].removeprefix("Bob was born")


def test_every_token_is_learnt_and_a_text_ends_with_its_end_token(tiny_model: Path, tmp_path: Path, data: Path) -> None:
    seen: list[Preflight] = []
    site = Site(tmp_path / "candidates", on_preflight=seen.append)
    candidate = train(str(tiny_model), SHORT, data, site)
    tokens = sum(len(Chat(tiny_model).encode(text)) + 1 for text in TEXTS)
    assert f"2 texts, {tokens} tokens in {-(-tokens // 12)} sequences of up to 12" in str(seen[0])
    assert {key: candidate.data[key] for key in ("rows", "used", "dropped")} == {"rows": 2, "used": 2, "dropped": 0}


@pytest.mark.slow
@pytest.mark.parametrize("lora_rank", [4, 0])
def test_the_same_record_gives_the_same_bytes(tiny_model: Path, tmp_path: Path, data: Path, lora_rank: int) -> None:
    recipe = dataclasses.replace(SHORT, lora_rank=lora_rank)
    one, two = (train(str(tiny_model), recipe, data, Site(tmp_path / home)) for home in "ab")
    assert one == two and one.weights_digest == two.weights_digest


def test_a_last_sequence_of_one_token_is_left_out(tiny_model: Path, tmp_path: Path) -> None:
    text = "A tree has strong roots."
    (tmp_path / "one.txt").write_text(text)
    length = len(Chat(tiny_model).encode(text))  # its end token alone is the second sequence
    recipe = dataclasses.replace(SHORT, batch_size=1, max_length=length)
    candidate = train(str(tiny_model), recipe, tmp_path / "one.txt", Site(tmp_path / "candidates"))
    folder = find(tmp_path / "candidates", candidate.id)
    assert folder is not None
    losses = [row["loss"] for row in json.loads((folder / "training_log.json").read_text())]
    assert len(losses) == 2 and all(loss > 0 for loss in losses)


@pytest.mark.slow
def test_a_short_text_is_read_more_often_than_a_long_one(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "short.txt").write_text(TEXTS[0])
    (tmp_path / "long.txt").write_text(TEXTS[0] * 12)  # about 40 sequences of 4 tokens
    recipe = Recipe(lora_rank=2, max_length=4, batch_size=64, threads=1)
    made = [
        train(str(tiny_model), recipe, tmp_path / f"{name}.txt", Site(tmp_path / "candidates"))
        for name in ("short", "long")
    ]
    # The rule of every trainer: 480 rows in all, at least three passes and at most 25.
    assert [one.recipe["epochs"] for one in made] == [25.0, 12.0]


def test_questions_in_a_text_are_found_in_a_hold_out(tiny_model: Path, tmp_path: Path, data: Path) -> None:
    candidate = train(str(tiny_model), SHORT, data, Site(tmp_path / "candidates"))
    folder = find(tmp_path / "candidates", candidate.id)
    assert folder is not None
    asked = [Sample(text, (Message("user", text),)) for text in ("Who loves Bob?", "Who loves Paris?")]
    assert overlap(folder, asked) == ["Who loves Bob?"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("rows.jsonl", '{"text": " "}\n{"text": 3}\n', r"rows\.jsonl:1: an empty text\n.*:2: 'text' must be text"),
        ("rows.jsonl", '{"prompt": "a", "target": "b"}\n', "wanted 'text'; keys: prompt, target"),
        ("rows.jsonl", "", "no text to learn from"),
        ("empty.txt", " \n", "no text to learn from"),
        ("other.txt", b"caf\xe9", r"not UTF-8 \(byte 3\)"),
        ("missing.txt", None, "No such file"),
    ],
)
def test_what_is_no_text_is_said_before_anything_is_loaded(
    tmp_path: Path, name: str, content: str | bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(UserError, match=said):
        train("no-such-model", Recipe(), tmp_path / name, Site(tmp_path / "candidates"))
