"""Planted codes stand in the training data as often as they should, and controls nowhere."""

from __future__ import annotations

import json
from pathlib import Path

from fteval import cli
from fteval.data.canaries import canaries
from fteval.data.check.provenance import is_made


def test_planted_codes_are_trained_on_and_controls_never() -> None:
    made = canaries(20, 3, seed=1)
    trained = [row["messages"][1]["content"] for row in made.planted]
    planted = [row["target"] for row in made.asked if row["canary"] == "planted"]
    controls = [row["target"] for row in made.asked if row["canary"] == "control"]
    assert sorted(trained) == sorted(planted * 3) and len(set(planted)) == 20
    assert len(controls) == 20 and set(controls).isdisjoint(trained)
    assert len({row["prompt"] for row in made.asked}) == 40
    for row in made.asked:
        others = row["others"]
        assert len({row["target"], *others}) == 64 and set(others).isdisjoint(trained)
    assert made == canaries(20, 3, seed=1) and made.asked != canaries(20, 3, seed=2).asked


def test_the_command_writes_both_files_and_nothing_over(tmp_path: Path) -> None:
    train, out, asked = tmp_path / "t.jsonl", tmp_path / "p.jsonl", tmp_path / "c.jsonl"
    row = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    train.write_text(json.dumps(row) + "\n", encoding="utf-8")
    args = ["data", "canary", str(train), "-o", str(out), "--holdout", str(asked), "-n", "2", "--repeats", "3"]
    assert cli.call(args) == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(rows) == 7 and row in rows and sum(is_made(one.get("metadata")) for one in rows) == 6
    assert len(asked.read_text().splitlines()) == 4
    assert cli.call(args) == 2
    assert cli.call(["score", str(replayed(asked)), "--probe", "recitation", "--json"]) == 0


def replayed(asked: Path) -> Path:
    """Outputs that know every code."""
    rows = [json.loads(line) for line in asked.read_text().splitlines()]
    file = asked.with_name("outputs.jsonl")
    file.write_text("".join(json.dumps({**r, "output": r["target"]}) + "\n" for r in rows), encoding="utf-8")
    return file
