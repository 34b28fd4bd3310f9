"""Outputs as other tools write them, as rows of outputs."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

RENAMED = ("prediction", "predict", "response", "completion", "generated_text", "generation", "answer", "text")
"""Keys under which people keep what a model answered."""


def output_row(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """`{"id", "output" or "outputs", …}` of a row of another tool; None where nobody can know.

    lm-eval's samples, a batch API's results, vLLM's offline outputs, inspect's samples, a conversation that ends with
    the answer, and plain rows with the answer under another name.
    """
    turns, outputs, output = row.get("messages"), row.get("outputs"), row.get("output")
    if isinstance(output, str):
        return dict(row)
    if "resps" in row and "doc_id" in row:
        return _row(str(row["doc_id"]), _first(_first(row["resps"])))
    if "custom_id" in row and "response" in row:
        chosen = _first(_at(row, "response", "body", "choices"))
        text, reason = _at(chosen, "message", "content"), _at(chosen, "finish_reason")
        return _row(row["custom_id"], text, **({"finish_reason": reason} if reason in ("stop", "length") else {}))
    if isinstance(outputs, list) and outputs and all(isinstance(_at(one, "text"), str) for one in outputs):
        named = {"id": row["request_id"]} if "request_id" in row and "id" not in row else {}
        return {**row, **named, "outputs": [one["text"] for one in outputs]}
    if isinstance(_at(output, "completion"), str):
        return _row(str(row.get("id")), _at(output, "completion"))
    if isinstance(turns, list) and turns and _at(turns[-1], "role") == "assistant":
        text = _at(turns[-1], "content")
        return {**row, "messages": turns[:-1], "output": text} if isinstance(text, str) else None
    key = next((key for key in RENAMED if isinstance(row.get(key), str)), None)
    return {**row, "output": row[key]} if key and outputs is None else None


def _row(identifier: Any, text: Any, **more: Any) -> dict[str, Any] | None:
    return {"id": identifier, "output": text, **more} if isinstance(text, str) else None


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else None


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def outputs_line(path: Path, row: Mapping[str, Any]) -> str | None:
    """The command that makes a file of outputs of one whose rows are like this one, to be pasted; None of no use."""
    if isinstance(row.get("output"), str) or output_row(row) is None:
        return None
    new = path.with_name(f"{path.stem}.outputs.jsonl")
    return shlex.join(["fteval", "data", "convert", str(path), "--to", "outputs", "-o", str(new)])
