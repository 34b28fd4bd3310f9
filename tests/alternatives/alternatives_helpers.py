"""What the tests of alternatives share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fteval.alternatives.layers.stack import changed
from fteval.records import Change, Engine


def changed_by(engine: Engine, **changes: Any) -> Engine:
    """The engine with alternatives on it: `changed_by(engine, prompt="Be brief.")`."""
    return changed(engine, [Change(name, value, "fteval.yaml:3") for name, value in changes.items()])


def config(folder: Path, candidates: str, *, base: str = "nano", more: str = "", letters: str = "e") -> Path:
    """A fteval.yaml that asks the lipogram questions of these candidates."""
    path = folder / "fteval.yaml"
    path.write_text(
        f"version: 1\nbase: {base}\ncandidates: {candidates}\nprobes: {{lipogram: {{letters: {letters}}}}}\n"
        f"sampling: {{max_tokens: 12}}\n{more}"
    )
    return path
