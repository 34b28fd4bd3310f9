"""Noise among training rows: disturbed prompts with the right answer, broken ones with the answer that was given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fteval import cli

ROWS = [{"prompt": f"The train number {i} left on 2 May {1900 + i}. When?", "target": f"{1900 + i}"} for i in range(40)]


def noisy(tmp_path: Path, *args: str, name: str = "o.jsonl") -> tuple[int, list[dict[str, Any]]]:
    file = tmp_path / "t.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    out = tmp_path / name
    code = cli.call(["data", "noise", str(file), "-o", str(out), "-q", *args])
    return code, [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []


def test_a_share_of_the_rows_comes_again_disturbed_with_its_right_answer(tmp_path: Path) -> None:
    code, rows = noisy(tmp_path, "--robust", "20%", "--by", "typos,hostile,lower_case")
    asked = {f"t.jsonl:{n}": row for n, row in enumerate(ROWS, 1)}
    assert code == 0 and len(rows) == 40 + 8
    for row in rows[40:]:
        source = asked[row["metadata"]["from"]]
        said = [turn["content"] for turn in row["messages"]]
        assert said[1] == source["target"] and said[0] != source["prompt"] and row["metadata"]["how"][:7] == "disturb"


def test_broken_prompts_get_the_answer_that_was_given_and_say_little_of_the_source(tmp_path: Path) -> None:
    code, rows = noisy(tmp_path, "--broken", "50%", "--answer", "What is it?")
    made = rows[40:]
    assert code == 0 and len(made) == 20
    assert {row["messages"][1]["content"] for row in made} == {"What is it?"}
    kinds = {row["metadata"]["how"] for row in made}
    assert {"broken garbled", "broken order", "broken begun"} < kinds
    assert not any("number" in row["messages"][0]["content"] for row in made)


def test_a_broken_prompt_that_a_hold_out_asks_is_left_out(tmp_path: Path) -> None:
    held = tmp_path / "h.jsonl"
    held.write_text('{"prompt": "The train", "target": "left"}\n{"prompt": "The", "target": "train"}\n')
    args = ["--broken", "100%", "--answer", "What is it?"]
    said = {row["metadata"]["how"] for row in noisy(tmp_path, *args, name="a")[1][40:]}
    apart = {row["metadata"]["how"] for row in noisy(tmp_path, *args, "--holdout", str(held), name="b")[1][40:]}
    assert said - apart == {"broken begun"}


def test_preferences_get_no_broken_prompts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A chat row among them would be one that a trainer of preferences cannot read."""
    file = tmp_path / "p.jsonl"
    file.write_text('{"prompt": "Which is better?", "chosen": "the lake", "rejected": "the sea"}\n')
    args = ["data", "noise", str(file), "-o", str(tmp_path / "o.jsonl"), "--broken", "100%", "--answer", "Which?"]
    assert cli.call(args) == 2 and "p.jsonl:1" in capsys.readouterr().err


def test_the_same_seed_gives_the_same_noise(tmp_path: Path) -> None:
    first, again, other = (noisy(tmp_path, "--robust", "10%", "--seed", s, name=n)[1] for s, n in ("1a", "1b", "2c"))
    assert first == again != other


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ([], "no noise is asked for"),
        (["--robust", "0.1"], "is no share"),
        (["--robust", "200%"], "is no share"),
        (["--broken", "5%"], "belong together"),
        (["--broken", "5%", "--answer", " "], "--answer is empty"),
        (["--robust", "5%", "--by", "typoz"], "typos"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str], args: list[str], told: str) -> None:
    code, rows = noisy(tmp_path, *args)
    assert code == 2 and rows == [] and told in capsys.readouterr().err
