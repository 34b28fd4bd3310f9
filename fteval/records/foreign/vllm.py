"""What `LLM.generate` and `LLM.chat` of vLLM return, dumped: an object with a list of completions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fteval.records.foreign.turns import at

TOOL = "vLLM"


def knows(row: Mapping[str, Any]) -> bool:
    outputs = row.get("outputs")
    return isinstance(outputs, list) and bool(outputs) and all(isinstance(at(one, "text"), str) for one in outputs)


def rows(given: Iterable[tuple[int, Mapping[str, Any]]]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    for number, row in given:
        yield number, _row(row) if knows(row) else "no 'outputs' with texts"


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    named = {"id": row.get("id", row.get("request_id"))} if "id" in row or "request_id" in row else {}
    asked = {key: row[key] for key in ("prompt", "messages") if row.get(key) is not None}
    reason = at(row["outputs"][0], "finish_reason")
    return {**named, **asked, "outputs": [one["text"] for one in row["outputs"]], "finish_reason": reason}
