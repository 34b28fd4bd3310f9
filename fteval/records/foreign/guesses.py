"""Rows of nobody's form, whose answer is found by how its key is called: read where somebody asks for that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fteval.records.foreign.llama_factory import asked
from fteval.records.foreign.turns import at

RENAMED = ("prediction", "predict", "response", "completion", "generated_text", "generation", "answer", "text")
"""Keys under which people keep what a model answered."""


def output_row(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """A row of outputs, of one that is one, of a conversation that ends with the answer, or of a key's name."""
    turns, outputs = row.get("messages"), row.get("outputs")
    if isinstance(row.get("output"), str):
        return _with_turns(row)
    if isinstance(turns, list) and turns and at(turns[-1], "role") == "assistant":
        text = at(turns[-1], "content")
        return {**row, "messages": turns[:-1], "output": text} if isinstance(text, str) else None
    key = next((key for key in RENAMED if isinstance(row.get(key), str)), None)
    return _with_turns({**row, "output": row[key]}) if key and outputs is None else None


def _with_turns(row: Mapping[str, Any]) -> dict[str, Any]:
    """With its turns instead of a prompt that a chat template has written: so the hold-out has it."""
    found = asked(row.get("prompt"))
    return {**{k: v for k, v in row.items() if k != "prompt" or "messages" not in found}, **found}
