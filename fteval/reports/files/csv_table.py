"""A comparison as CSV for a spreadsheet: a row per candidate, metric and slice; with its gates, a row for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fteval.records import CandidateResult, Comparison, Cost, GateResult, Judged, Made, MetricChange, RunRecord
from fteval.reports import cells
from fteval.reports.view import run_view

ENDING, WHAT = ".csv", "a row per metric"
LONGEST = 2000
COSTS = ("prompt_tokens", "answer_tokens", "seconds", "usd", "training_seconds", "training_tokens")
"""Of the candidate, per request of what the change is for; the same in each of its rows."""
COLUMNS = (
    "name", "ref", "verdict", "probe", "metric", "slice", "unit", "base", "candidate", "difference", "low", "high",
    "n_paired", "better", "worse", "planned", "scored", "errors", "unscored", "against", "rule", "threshold", "result",
    "advisory", "reason", *COSTS,
)  # fmt: skip
RUN_COLUMNS = ("ref", "probe", "metric", "value", "low", "high", "planned", "scored", "errors", "unscored")


def render(subject: Comparison | RunRecord, worst: Sequence[Judged] = ()) -> str:
    """CSV of RFC 4180: comma, CRLF, a header; no cell is a formula. Of a single run a row per metric."""
    return cells.table(*table(subject), LONGEST)


def table(subject: Comparison | RunRecord) -> tuple[Sequence[str], list[dict[str, Any]]]:
    """The columns, and the rows as they were found: what has no value has no key, or None."""
    if isinstance(subject, RunRecord):
        found = run_view.as_json(subject)
        return RUN_COLUMNS, [{"ref": subject.ref, **metric} for metric in found["metrics"]]
    costs = {cost.name: _cost(cost) for cost in subject.costs}
    return COLUMNS, [{**row, **costs.get(result.name, {})} for result in subject.candidates for row in _rows(result)]


def _cost(cost: Cost) -> dict[str, Any]:
    made = cost.made or Made()
    numbers = {key: getattr(cost, key) for key in ("prompt_tokens", "answer_tokens", "seconds", "usd")}
    return {**numbers, "training_seconds": made.seconds, "training_tokens": made.tokens}


def _rows(result: CandidateResult) -> Iterator[dict[str, Any]]:
    about = {"name": result.name, "ref": result.run.ref, "verdict": result.verdict}
    gates: dict[object, list[GateResult]] = {}
    for found in result.gates:
        gate = found.gate
        gates.setdefault((gate.probe, gate.metric, _slice(gate.slice), gate.anchor), []).append(found)
    for change in (*result.changes, *result.slices):
        mine: list[GateResult | None] = [*gates.pop((change.probe, change.metric.name, _slice(change.slice), None), [])]
        for one in mine or [None]:
            yield {**about, **_change(change), **_gate(one)}
    # Gates on what stands in no table of metrics: against an anchor, on a collapse, on a slice of many values.
    for found in (one for rest in gates.values() for one in rest):
        asked = {"probe": found.gate.probe, "metric": found.gate.metric, "slice": _slice(found.gate.slice)}
        yield {**about, **asked, **(_change(found.change) if found.change else {}), **_gate(found)}


def _change(change: MetricChange) -> dict[str, Any]:
    numbers = ("base", "candidate", "difference", "low", "high")
    counts = ("n_paired", "better", "worse", "planned", "scored", "errors", "unscored")
    return {
        "probe": change.probe,
        "metric": change.metric.name,
        "slice": _slice(change.slice),
        "unit": change.metric.unit,
        **{key: getattr(change, key) for key in (*numbers, *counts)},
    }


def _slice(slice: Mapping[str, str] | None) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted((slice or {}).items()))


def _gate(result: GateResult | None) -> dict[str, Any]:
    if result is None:
        return {"against": "base"}
    gate = result.gate
    return {
        "against": f"anchor {gate.anchor}" if gate.anchor else "base",
        "rule": gate.rule,
        "threshold": gate.threshold,
        "result": result.result,
        "advisory": gate.advisory,
        "reason": result.reason,
    }
