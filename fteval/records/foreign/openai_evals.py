"""OpenAI Evals: output items as the hosted service exported them, and the log that the `oaieval` program records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fteval.records.foreign.turns import asked, at, number, several, text

TOOL = "OpenAI Evals"
ITEM = "eval.run.output_item"


def knows(row: Mapping[str, Any]) -> bool:
    return row.get("object") == ITEM or isinstance(row.get("spec"), Mapping) or {"event_id", "sample_id"} <= set(row)


def listed(document: Mapping[str, Any]) -> list[Any] | None:
    data = document.get("data")
    return data if isinstance(data, list) and any(at(one, "object") == ITEM for one in data) else None


def rows(given: Iterable[tuple[int, Mapping[str, Any]]]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    recorded: dict[str, tuple[int, dict[str, Any]]] = {}
    run = None
    for n, row in given:
        if row.get("object") == ITEM:
            yield n, _item(row)
        elif {"sample_id", "type", "data"} <= set(row):
            run = row.get("run_id") if run is None else run
            if row.get("run_id") != run:
                yield n, f"an event of another run than {str(run)[:80]}: give each run a file"
                continue
            _record(
                recorded.setdefault(str(row["sample_id"]), (n, {"id": str(row["sample_id"]), "sampled": 0}))[1], row
            )
        elif not {"spec", "final_report"} & set(row):
            yield n, "neither an output item nor an event of an eval"
    for n, made in recorded.values():
        if made.pop("sampled") > 1:
            # The model's answer, or what its grader said of it: the log does not tell them apart.
            made = {"id": made["id"], **({"scores": made["scores"]} if "scores" in made else {})}
            if "scores" not in made:
                yield n, f"sample {made['id'][:80]!r} was sampled more than once: which is the answer is not said"
        if {"output", "outputs", "scores"} & set(made):
            yield n, made


def _item(row: Mapping[str, Any]) -> dict[str, Any]:
    sample = row.get("sample")
    said = at(sample, "output")
    answer = text(at(said[-1], "content")) if isinstance(said, list) and said else None
    error = at(sample, "error", "message")
    found = {str(at(one, "name")): _result(one) for one in several(row.get("results"))}
    return {
        "id": row.get("datasource_item_id", row.get("id")),
        **asked(at(sample, "input")),
        "output": answer,
        "finish_reason": at(sample, "finish_reason"),
        **({"scores": found} if found else {}),
        **({"error": str(error)[:500]} if error else {}),
    }


def _result(result: Any) -> float | None:
    """A grader's score; of one that has none, whether it passed."""
    score = number(at(result, "score"))
    return number(at(result, "passed")) if score is None else score


def _record(made: dict[str, Any], event: Mapping[str, Any]) -> None:
    """Adds one event of a sample to its row: what was sampled, and what was found."""
    data = event["data"]
    if event["type"] == "sampling":
        made["sampled"] += 1
        sampled = at(data, "sampled")
        made |= asked(at(data, "prompt"))
        texts = [one for one in (sampled if isinstance(sampled, list) else [sampled]) if isinstance(one, str)]
        made |= {"output": texts[0]} if len(texts) == 1 else {"outputs": texts}
    elif event["type"] in ("match", "metrics"):
        found = {"correct": at(data, "correct")} if event["type"] == "match" else data
        read = {str(name): number(value) for name, value in found.items()} if isinstance(found, Mapping) else {}
        made["scores"] = {**made.get("scores", {}), **{k: v for k, v in read.items() if v is not None}}
