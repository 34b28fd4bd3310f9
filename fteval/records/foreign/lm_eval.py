"""One `samples_TASK_DATE.jsonl` of lm-eval. (`replay:lm-eval:DIR` reads the whole folder, with what it thought.)"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fteval.records.foreign.turns import asked, at, number

TOOL = "lm-eval"
CHOICES = "its task asks for likelihoods and not for answers: replay:lm-eval:DIR reads the folder of the file"


def knows(row: Mapping[str, Any]) -> bool:
    return "resps" in row and "doc_id" in row


def rows(given: Iterable[tuple[int, Mapping[str, Any]]]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """A document once, however many ways its task has to look for the answer; the first way's scores count."""
    met: dict[str, Any] = {}
    for n, row in given:
        made = _row(row) if knows(row) else "no 'doc_id' with 'resps': no sample of lm-eval"
        key = str(row.get("doc_id"))
        if isinstance(made, str) or met.setdefault(key, row.get("filter")) == row.get("filter"):
            yield n, made


def _row(row: Mapping[str, Any]) -> dict[str, Any] | str:
    said = row["resps"]
    answers = said[0] if isinstance(said, list) and said else None
    if not isinstance(answers, list) or not answers:
        return "no answer under 'resps'"
    if not all(isinstance(one, str) for one in answers):
        return CHOICES
    metrics = row.get("metrics")
    found = {str(name): number(row.get(name)) for name in metrics if name in row} if isinstance(metrics, list) else {}
    return {
        "id": row["doc_id"],
        **_asked(at(row, "arguments", "gen_args_0", "arg_0")),
        **({"output": answers[0]} if len(answers) == 1 else {"outputs": answers}),
        **({"scores": found} if any(value is not None for value in found.values()) else {}),
    }


def _asked(given: Any) -> dict[str, Any]:
    """For a model behind a server's chat, lm-eval logs the turns as a list with their JSON."""
    if isinstance(given, list) and len(given) == 1 and isinstance(given[0], str):
        try:
            return asked(json.loads(given[0]))
        except (ValueError, RecursionError):
            return {}
    return asked(given)
