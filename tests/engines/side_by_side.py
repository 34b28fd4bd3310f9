"""The same questions to several models of one config, and what each said: for real servers beside the local engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from asking import Done, by_prompt, runs, spawn

QUESTIONS = (Path(__file__).parent / "questions.txt").read_text(encoding="utf-8").splitlines()


def asked(folder: Path, prompts: list[str]) -> Path:
    """A hold-out that no answer is the target of."""
    path = folder / "asked.jsonl"
    path.write_text("".join(json.dumps({"prompt": text, "target": "x"}) + "\n" for text in prompts))
    return path


def ran(folder: Path, prompts: list[str], base: str, candidates: dict[str, Any], *args: str, **more: Any) -> Done:
    """`fteval run` of a config whose one gate blocks nothing."""
    config = {
        "version": 1,
        "base": base,
        "candidates": candidates,
        "probes": {"said": {"use": "holdout", "data": str(asked(folder, prompts)), "score": ["exact"]}},
        "gates": [{"probe": "said", "metric": "exact", "min_gain": "1pp", "advisory": True}],
        "reference": "none",
        "sampling": {"max_tokens": 40},
        **more,
    }
    (folder / "fteval.yaml").write_text(json.dumps(config))
    return spawn("run", *args, folder=folder, OMP_NUM_THREADS="1")


def by_ref(store: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """Model ref -> prompt -> its last generation."""
    return {str(json.loads((run / "manifest.json").read_text())["ref"]): by_prompt(run) for run in runs(store)}


def said(row: dict[str, Any]) -> tuple[str, str]:
    """Text and ending. Half a character where the tokens end is shown by one engine and left out by another."""
    return row["text"].rstrip("\ufffd"), row["finish_reason"]
