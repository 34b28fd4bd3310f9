"""verdict.json: a comparison, or one run's numbers, for scripts and CI, in the shape that they rest on.

Keys are added and never renamed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from fteval.records import (
    Advice,
    CandidateResult,
    Comparison,
    Cost,
    DriftLine,
    Exported,
    GateResult,
    Judged,
    MetricChange,
    NoiseFloor,
    Rival,
    RunRecord,
    Series,
    SeriesPoint,
)
from fteval.reports.view import judges, labels, people, reference, run_view
from fteval.reports.view.view import gravest_first

ENDING, WHAT = ".json", "the numbers"
SCHEMA = 1


def render(subject: Comparison | RunRecord, worst: Sequence[Judged] = ()) -> str:
    return json.dumps(as_data(subject), indent=1) + "\n"


def as_data(subject: Comparison | RunRecord) -> dict[str, Any]:
    """What `--json` says too."""
    return run_view.as_json(subject) if isinstance(subject, RunRecord) else as_json(subject)


def as_json(comparison: Comparison) -> dict[str, Any]:
    """The verdict with its numbers; every value is JSON, and what is not known is null."""
    return {
        "schema": SCHEMA,
        "verdict": _word(comparison.verdict),
        "exit_code": comparison.exit_code,
        "chosen": comparison.chosen,
        "base": _run(comparison.base),
        "candidates": [_candidate(c, comparison) for c in comparison.candidates],
        "noise": [_noise(n) for n in comparison.noise],
        "series": [_series(s) for s in comparison.series],
        "costs": [_cost(c) for c in comparison.costs],
        "advice": None if comparison.advice is None else _advice(comparison.advice),
        **people.as_json(comparison.people),
    }


def _cost(cost: Cost) -> dict[str, Any]:
    """Means per request; `usd` is of one. What a training took stands under `made`, null where nothing was trained."""
    numbers = {key: _number(getattr(cost, key)) for key in ("prompt_tokens", "answer_tokens", "seconds", "usd")}
    made = None if cost.made is None else {key: _number(value) for key, value in asdict(cost.made).items()}
    return {"name": cost.name, **numbers, "served": cost.served, "made": made}


def _advice(advice: Advice) -> dict[str, Any]:
    return {
        **{key: getattr(advice, key) for key in ("word", "sentence", "fine_tune", "instead")},
        "rivals": [_rival(r) for r in advice.rivals],
        "notes": list(advice.notes),
    }


def _rival(r: Rival) -> dict[str, Any]:
    """An alternative against a fine-tune: alternative - fine-tune."""
    return {
        **{key: getattr(r, key) for key in ("alternative", "fine_tune", "probe", "state", "n_paired", "n_needed")},
        "metric": r.metric.name,
        "slice": r.slice and dict(r.slice),
        **{key: _number(getattr(r, key)) for key in ("margin", "difference", "low", "high", "level")},
        "barred": r.barred or None,
    }


def exported(found: Exported) -> dict[str, Any]:
    """An export that was tried, with the comparison that is its proof."""
    return {
        "schema": SCHEMA,
        "written": found.written,
        "folder": str(found.folder),
        "candidate": found.parent,
        "how": found.how,
        "exit_code": found.exit_code,
        "same_answers": found.same,
        "answers": found.answers,
        "likeness": None if found.likeness is None else asdict(found.likeness),
        "files": dict(found.files),
        "comparison": {"id": found.comparison.id, **as_json(found.comparison)},
    }


def _series(series: Series) -> dict[str, Any]:
    """Trainings that belong together; `enough` is null where none is shown to be."""
    return {
        **{key: getattr(series, key) for key in ("name", "kind", "trainings", "level", "enough")},
        **{key: list(getattr(series, key)) for key in ("candidates", "gained", "short", "unsure")},
        "uncounted": dict(series.uncounted),
        "parts": [
            {"part": part, "rows": rows, "steps": steps}
            for part, rows, steps in zip(series.parts, series.rows, series.steps, strict=True)
        ],
        "metrics": [
            {
                "probe": m.probe, "metric": m.metric.name, "slice": m.slice and dict(m.slice), "n": m.n,
                "base": _number(m.base), "margin": _number(m.margin), "points": [_point(p) for p in m.points],
            }
            for m in series.metrics
        ],
    }  # fmt: skip


def _point(point: SeriesPoint) -> dict[str, Any]:
    numbers = ("level", "difference", "low", "high", "gap", "gap_low", "gap_high")
    turns = [_number(turn) for turn in point.turns]
    return {"part": point.part, **{key: _number(getattr(point, key)) for key in numbers}, "turns": turns}


def _candidate(result: CandidateResult, comparison: Comparison) -> dict[str, Any]:
    return {
        "name": result.name,
        **_run(result.run),
        "verdict": _word(result.verdict),
        "reason": result.reason,
        "usd": {"base": _number(comparison.base.usd), "candidate": _number(result.run.usd)},
        "gates": [_gate(g) for g in result.gates],
        "metrics": [_metric(c) for c in result.changes],
        "slices": [{**_metric(c), "slice": dict(c.slice or {}), "q_value": _number(c.q_value)} for c in result.slices],
        "labels": labels.as_json(comparison.base.probes, result.run.probes),
        "drift": [_drift(line) for line in result.drift],
        "unguarded": [_metric(c) for c in result.unguarded],
        "warnings": list(gravest_first([*comparison.warnings, *result.warnings])),
    }


def _word(verdict: str) -> str:
    # `measured` is for people: nothing was gated, so that no script may read it as a release.
    return "cannot_tell" if verdict == "measured" else verdict


def _run(run: RunRecord) -> dict[str, Any]:
    return {"ref": run.ref, "run": run.id, "digest": run.digest, **reference.as_json(run), **judges.as_json(run)}


def _gate(result: GateResult) -> dict[str, Any]:
    gate, change = result.gate, result.change
    return {
        "probe": gate.probe,
        "metric": gate.metric,
        "slice": dict(gate.slice) if gate.slice else None,
        "rule": gate.rule,
        "threshold": gate.threshold,
        "result": result.result,
        "base": _number(change.base if change else None),
        "candidate": _number(change.candidate if change else None),
        "difference": _number(change.difference if change else None),
        "low": _number(result.low),
        "high": _number(result.high),
        "level": result.level,
        "n_paired": change.n_paired if change else 0,
        "n_needed": result.n_needed,
        "n_needed_least": result.n_needed_least,
        "method": result.method,
        "advisory": gate.advisory,
        "reason": result.reason,
        "stopped_after": result.stopped_after,
        "anchor": gate.anchor,
        "where": gate.where,
    }


def _metric(change: MetricChange) -> dict[str, Any]:
    return {
        "probe": change.probe,
        "metric": change.metric.name,
        "base": _number(change.base),
        "candidate": _number(change.candidate),
        "difference": _number(change.difference),
        "low": _number(change.low),
        "high": _number(change.high),
        "n_paired": change.n_paired,
        "better": change.better,
        "worse": change.worse,
        "planned": change.planned,
        "scored": change.scored,
        "errors": change.errors,
        "unscored": change.unscored,
        "n_groups": change.n_groups,
        "stopped": change.stopped,
        "noise": _number(change.noise),
    }


def _noise(floor: NoiseFloor) -> dict[str, Any]:
    return {
        "probe": floor.probe,
        "metric": floor.metric.name,
        "how": floor.how,
        "n": floor.n,
        "flipped": floor.flipped,
        "difference": _number(floor.difference),
        "low": _number(floor.low),
        "high": _number(floor.high),
    }


def _drift(line: DriftLine) -> dict[str, Any]:
    return {
        "anchor": line.anchor,
        "probe": line.probe,
        "metric": line.metric.name,
        "difference": _number(line.difference),
        "low": _number(line.low),
        "high": _number(line.high),
        "level": line.level,
        "n_paired": line.n_paired,
        "alarm": line.alarm,
    }


def _number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
