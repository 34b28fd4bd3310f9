"""LLaMA-Factory's generated_predictions.jsonl: prompts as the chat template has written them, and no ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fteval.records import markup

TOOL = "LLaMA-Factory"


def knows(row: Mapping[str, Any]) -> bool:
    return {"prompt", "predict", "label"} <= set(row)


def rows(given: Iterable[tuple[int, Mapping[str, Any]]]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    for number, row in given:
        if not isinstance(row.get("predict"), str):
            yield number, "no text under 'predict'"
        else:
            named = {"id": row["id"]} if "id" in row else {}
            yield number, {**named, **asked(row.get("prompt")), "output": row["predict"]}


def asked(prompt: Any) -> dict[str, Any]:
    """The turns of a prompt that a chat template has written, as the hold-out has them; else the text."""
    said = markup.turns(prompt) if isinstance(prompt, str) else []
    if said and said[-1]["role"] == "assistant" and not said[-1]["content"]:
        said = said[:-1]  # the place where the answer goes
    if not said or said[-1]["role"] != "user":
        return {} if prompt is None else {"prompt": prompt}
    return {"messages": said, "rendered": True}
