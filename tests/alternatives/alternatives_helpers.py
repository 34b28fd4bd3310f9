"""What the tests of alternatives share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fteval.alternatives.layers.stack import changed
from fteval.records import Change, Engine, Generation, Message, Request, Sampling


def changed_by(engine: Engine, **changes: Any) -> Engine:
    """The engine with alternatives on it: `changed_by(engine, prompt="Be brief.")`."""
    return changed(engine, [Change(name, value, "fteval.yaml:3") for name, value in changes.items()])


def answered(
    engine: Engine, questions: Sequence[str], sampling: Sampling | None = None, repeats: int = 1
) -> list[Generation]:
    """What it answers to each question, repeat by repeat, in this order."""
    asked = [
        Request(f"{i} {r}", str(i), engine.prompt([Message("user", text)]), repeat=r, seed=1000 * i + r)
        for i, text in enumerate(questions)
        for r in range(repeats)
    ]
    made = {g.key: g for group in engine.generate(asked, sampling or Sampling(max_tokens=24)) for g in group}
    return [made[request.key] for request in asked]


def config(folder: Path, candidates: str, *, base: str = "nano", more: str = "", letters: str = "e") -> Path:
    """A fteval.yaml that asks the lipogram questions of these candidates."""
    path = folder / "fteval.yaml"
    path.write_text(
        f"version: 1\nbase: {base}\ncandidates: {candidates}\nprobes: {{lipogram: {{letters: {letters}}}}}\n"
        f"sampling: {{max_tokens: 12}}\n{more}"
    )
    return path
