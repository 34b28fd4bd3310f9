"""Results of promptfoo, `-o results.json` or `.jsonl`: an arm is a provider with a prompt, a sample is a test."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fteval.records.foreign.turns import asked, at, number

TOOL = "promptfoo"
ERROR = 2
"""`failureReason` of a test that got no answer; 1 is one whose assertion failed."""


def knows(row: Mapping[str, Any]) -> bool:
    return {"testIdx", "promptIdx", "provider"} <= set(row) and isinstance(row["promptIdx"], int)


def listed(document: Mapping[str, Any]) -> list[Any] | None:
    found = at(document, "results", "results")
    return found if isinstance(found, list) else None


def rows(given: Iterable[tuple[int, Mapping[str, Any]]]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    for n, row in given:
        yield n, _row(row) if knows(row) else "no result of promptfoo: it has no 'testIdx' and 'promptIdx'"


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    provider = row["provider"]
    name = provider if isinstance(provider, str) else at(provider, "label") or at(provider, "id")
    failed = row.get("failureReason") == ERROR
    answer = None if failed else at(row, "response", "output")
    return {
        "id": str(row["testIdx"]),
        "arm": str(name),
        "arm_number": row["promptIdx"],
        **_asked(at(row, "prompt", "raw")),
        "output": answer if answer is None or isinstance(answer, str) else json.dumps(answer, ensure_ascii=False),
        "finish_reason": at(row, "response", "finishReason"),
        **({"error": str(row.get("error"))[:500]} if failed else {"scores": _scores(row)}),
    }


def _asked(raw: Any) -> dict[str, Any]:
    """A prompt that is the JSON of turns is these turns, as promptfoo sends it."""
    if isinstance(raw, str) and raw.lstrip()[:1] == "[":
        try:
            return asked(json.loads(raw)) or {"prompt": raw}
        except (ValueError, RecursionError):
            pass
    return asked(raw)


def _scores(row: Mapping[str, Any]) -> dict[str, float | None]:
    """promptfoo's own score, whether all assertions held, and the metrics that the assertions are named for."""
    named = row.get("namedScores")
    given = {"score": row.get("score"), "success": row.get("success"), **(named if isinstance(named, Mapping) else {})}
    return {name: read for name, value in given.items() if (read := number(value)) is not None}
