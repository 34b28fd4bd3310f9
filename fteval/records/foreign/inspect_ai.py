"""Samples of an inspect log: lines of them, or the whole log as JSON. Epochs are repeats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fteval.records.foreign.turns import asked, at, number, several

TOOL = "inspect"
VALUES = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
"""Correct, partially so, incorrect, no answer: what inspect's own `value_to_float` makes of its letters."""
_REASONS = {"stop": "stop", "max_tokens": "length", "model_length": "length"}


def knows(row: Mapping[str, Any]) -> bool:
    return isinstance(at(row, "output", "completion"), str) or ("epoch" in row and "input" in row and "output" in row)


def listed(document: Mapping[str, Any]) -> list[Any] | None:
    samples = document.get("samples")
    return samples if isinstance(samples, list) and isinstance(at(document, "eval", "task"), str) else None


def rows(given: Iterable[tuple[int, Mapping[str, Any]]]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    found: dict[str, tuple[int, list[Mapping[str, Any]]]] = {}
    for n, row in given:
        if not knows(row) or "id" not in row:
            yield n, "no sample of inspect: it needs 'id', 'input' and 'output'"
        elif any(one.get("epoch") == row.get("epoch") for one in found.setdefault(str(row["id"]), (n, []))[1]):
            yield n, f"epoch {row.get('epoch')} of sample {str(row['id'])[:80]!r} again: of another log?"
        else:
            found[str(row["id"])][1].append(row)
    for n, epochs in found.values():
        yield n, _row(sorted(epochs, key=lambda one: number(one.get("epoch")) or 0))


def _row(epochs: list[Mapping[str, Any]]) -> dict[str, Any]:
    errors = [at(one, "error", "message") for one in epochs if one.get("error")]
    made = {
        "id": epochs[0]["id"],
        **asked(epochs[0].get("input")),
        "outputs": [None if one.get("error") else at(one, "output", "completion") for one in epochs],
        "finish_reason": _REASONS.get(str(_stop_reason(epochs[0]))),
    }
    scores = [{} if one.get("error") else _scores(one.get("scores")) for one in epochs]
    return {
        **made,
        **({"scores": scores} if any(scores) else {}),
        **({"error": str(errors[0])[:500]} if errors else {}),
    }


def _stop_reason(row: Mapping[str, Any]) -> Any:
    choices = several(at(row, "output", "choices"))
    return at(choices[0], "stop_reason") if choices else None


def _scores(given: Any) -> dict[str, float | None]:
    """Scorer -> number; of a scorer with several values SCORER.KEY. What is no number is left out, NaN is None."""
    flat: dict[str, Any] = {}
    for name, score in given.items() if isinstance(given, Mapping) else ():
        value = at(score, "value")
        flat |= {f"{name}.{key}": one for key, one in value.items()} if isinstance(value, Mapping) else {name: value}
    found: dict[str, float | None] = {}
    for name, value in flat.items():
        read = VALUES.get(value) if isinstance(value, str) else number(value)
        if read is not None:
            found[name] = read if read == read else None
    return found
