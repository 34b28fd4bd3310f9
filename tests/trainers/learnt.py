"""What is tried of every learnt prompt, on a tiny model."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

from fteval.engines.pool import Pool
from fteval.records import Message, Site
from fteval.trainers.making.candidate import find
from fteval.trainers.making.preflight import Preflight

ROWS = [{"prompt": f"When was {name} born?", "target": "1990-03-14"} for name in ("Romeo", "Paris", "Tybalt")]


def written(path: Path) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def likelihood(ref: str, candidates: Path) -> float:
    """Of the learnt answer to a new question, in nats; through the engine."""
    with Pool(candidates) as pool:
        engine = pool.open(ref)
        prompt = engine.prompt([Message("user", "When was Juliet born?")])
        (found,) = engine.loglikelihood([(prompt, "1990-03-14")])
    return found


def check_learnt(trainer: ModuleType, base: Path, home: Path, rate: float) -> None:
    """The engine finds the learnt answer likelier, of a folder that names no machine and holds the vectors alone."""
    recipe = trainer.Recipe(
        max_steps=30, batch_size=3, virtual_tokens=8, learning_rate=rate, warmup=0.0, schedule="constant", threads=1
    )
    site = Site(home / "candidates")
    candidate = trainer.train(str(base), recipe, written(home / "rows.jsonl"), site)
    assert candidate.kind == "adapter" and candidate.recipe["virtual_tokens"] == 8
    before, after = (likelihood(ref, site.candidates_dir) for ref in (str(base), candidate.id))
    assert after > before + 2
    folder = find(site.candidates_dir, candidate.id)
    assert folder is not None and (folder / "adapter_model.safetensors").stat().st_size < 100_000
    kept = (folder / "adapter_config.json").read_text()
    assert json.loads(kept)["base_model_name_or_path"] == str(base) and kept.count(str(base)) == 1
    assert "A learnt prompt on" in (folder / "README.md").read_text()


def check_same_bytes_and_room(trainer: ModuleType, base: Path, home: Path) -> None:
    """The same record twice; and the learnt prompt's places in the context are not given to a row."""
    settings: dict[str, Any] = {"max_steps": 1, "batch_size": 2, "warmup": 0.0, "threads": 1, "virtual_tokens": 12}
    seen: list[Preflight] = []
    data = written(home / "rows.jsonl")
    one, two = (
        trainer.train(str(base), trainer.Recipe(**settings), data, Site(home / name, on_preflight=seen.append))
        for name in "ab"
    )
    assert one == two
    assert seen[0].max_length == 512 - 12  # the tiny model's context
