"""What a report of a single run says: how the model does on each metric, and its worst answers. No verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fteval.records import Judged, Metric, ProbeResult, RunRecord
from fteval.reports.view import bands, judges, labels, measured, people, reference
from fteval.reports.view.measured import Measured
from fteval.reports.view.rows import BehaviourRow, scored, seconds, tokens, usd
from fteval.reports.view.table import TextTable
from fteval.reports.view.view import gravest_first
from fteval.stats import units
from fteval.stats.caveats import no_answers
from fteval.stats.level import level_of


@dataclass(frozen=True, slots=True)
class LevelRow:
    """One metric of one model."""

    name: str
    n: str
    value: str
    interval: str
    chance: str
    primary: bool
    better: str
    unit: str
    """Of `bare`."""
    bare: tuple[str, str]
    """The value and what chance gives, without their unit."""


@dataclass(frozen=True, slots=True)
class RunView:
    id: str
    ref: str
    complete: bool
    warnings: tuple[str, ...]
    metrics: tuple[LevelRow, ...]
    worst: tuple[Judged, ...]
    labels: tuple[TextTable, ...]
    behaviour: tuple[BehaviourRow, ...]
    measured: Measured
    path: str
    people: tuple[TextTable, ...] = ()
    """What people said of its answers."""
    people_notes: tuple[str, ...] = ()


def of_run(run: RunRecord, worst: Sequence[Judged] = ()) -> RunView:
    """The view of one run; `worst` are the answers to show, in that order."""
    return RunView(
        id=run.id,
        ref=run.ref,
        complete=run.complete,
        warnings=_warnings(run),
        metrics=tuple(_row(probe, metric) for probe in run.probes for metric in probe.metrics if metric.reported),
        worst=tuple(worst),
        labels=(*labels.of_run(run.probes), *bands.of_run(run.probes)),
        behaviour=tuple(_behaviour(probe) for probe in run.probes),
        measured=measured.of_run(run),
        path=run.path,
        people=people.tables(run.people),
        people_notes=people.notes(run.people),
    )


def _warnings(run: RunRecord) -> tuple[str, ...]:
    found = []
    if not run.complete and not run.errors:
        found.append("this run is not finished: its numbers are of the answers so far")
    if run.errors:
        found.append(f"{run.errors} of {run.planned} answers failed and are missing from the numbers below")
    if run.subset:
        found.append("SUBSET: only a part of the samples was run (--limit)")
    silent = [f"{p.probe} {p.no_answer} of {len(p.sample_ids)}" for p in run.probes if p.no_answer]
    if silent:
        found.append(no_answers(silent))
    return gravest_first([*found, *run.warnings])


def _row(probe: ProbeResult, metric: Metric) -> LevelRow:
    found = level_of(probe, metric)
    return LevelRow(
        name=units.name(probe.probe, metric.name),
        n=scored(found.n, found.n + found.missing, found.groups if found.groups != found.n else None),
        value=units.value(found.estimate, metric),
        interval=units.level_interval(found.low, found.high, metric) if found.n else "",
        chance="" if metric.chance is None else units.value(metric.chance, metric),
        primary=metric.primary,
        better=metric.better,
        unit="%" if metric.unit == "share" else metric.unit,
        bare=(units.level(found.estimate, metric), "" if metric.chance is None else units.level(metric.chance, metric)),
    )


def _behaviour(probe: ProbeResult) -> BehaviourRow:
    counts = (str(n) for n in (probe.empty, probe.truncated, probe.errors))
    time = "" if probe.answer_seconds is None else seconds(probe.answer_seconds)
    cost = "" if probe.answer_usd is None else usd(probe.answer_usd)
    return BehaviourRow(probe.probe, tokens(probe.answer_tokens), time, cost, *counts)


def as_json(run: RunRecord) -> dict[str, Any]:
    """One run for scripts: no verdict, because there is nothing to compare it with."""
    return {
        "schema": 1,
        "run": run.id,
        "ref": run.ref,
        "digest": run.digest,
        "complete": run.complete,
        "subset": run.subset,
        "planned": run.planned,
        "reused": run.reused,
        "generated": run.generated,
        "errors": run.errors,
        "metrics": [_metric(probe, metric) for probe in run.probes for metric in probe.metrics],
        **reference.as_json(run),
        **judges.as_json(run),
        **people.as_json(run.people),
        "warnings": list(_warnings(run)),
    }


def _metric(probe: ProbeResult, metric: Metric) -> dict[str, Any]:
    found = level_of(probe, metric)
    return {
        "probe": probe.probe,
        "metric": metric.name,
        "value": found.estimate,
        "low": found.low,
        "high": found.high,
        "method": found.method,
        "planned": found.n + found.missing,
        "scored": found.n,
        "errors": probe.errors,
        "unscored": probe.unscored.get(metric.name, 0),
    }
