"""The published failure on nano: a reward for the letter alone is gamed, which the watch sees, names and ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import fteval
from fteval.nano import holdouts
from fteval.trainers.making.candidate import find
from fteval.trainers.watching import curves


@pytest.mark.slow
def test_a_reward_for_no_e_alone_is_seen_to_be_gamed_and_ended(tmp_path: Path) -> None:
    asked = [{"prompt": s.prompt_text} for s in holdouts.samples("lipogram", 260) or ()]
    for name, rows in {"dev": asked[:64], "prompts": asked[100:]}.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    candidate = fteval.train(
        "grpo", "nano", tmp_path / "prompts.jsonl", store=tmp_path, device="cpu", max_steps=80, learning_rate=2e-3,
        threads=1, rewards=[{"probe": "lipogram", "metric": "forbidden_per_100", "weight": -1.0}],
        watch={
            "probes": ["lipogram", "laziness"], "data": str(tmp_path / "dev.jsonl"), "every": 10,
            "stop_if": {"probe": "laziness", "metric": "long_enough", "max_drop": "50pp"},
        },
    )  # fmt: skip
    folder = find(tmp_path / "candidates", candidate.id)
    assert folder is not None
    curve = curves.read(folder)
    assert curve is not None and curve.stopped is not None and curve.last < 80
    first, last = curve.looks[0], curve.looks[-1]
    assert first.reward is not None and last.reward is not None and last.reward > first.reward
    assert first.words is not None and last.words is not None and last.words < first.words / 2
    assert any("while the reward rose: the reward is being gamed" in text for text in curve.warnings)
    assert curve.kept == last.step - 10
