"""All candidates in one grid, what they cost, and trainings that belong together."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from fteval.records import Comparison, MetricChange
from fteval.reports.html import charts, forest
from fteval.reports.html.charts import Chart
from fteval.reports.view.rows import MetricRow
from fteval.reports.view.series import SeriesView
from fteval.reports.view.view import CandidateView, ComparisonView
from fteval.reports.view.words import MEANING
from fteval.stats import units

COLUMNS = 8
"""Headline metrics side by side."""


@dataclass(frozen=True, slots=True)
class GridRow:
    view: CandidateView
    cells: tuple[tuple[MetricRow, Markup] | None, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """Candidates as rows, headline metrics as columns."""

    columns: tuple[str, ...]
    rows: tuple[GridRow, ...]
    costs: tuple[Chart, ...]


def of(comparison: Comparison, v: ComparisonView) -> Overview:
    """The grid of a comparison."""
    found: list[dict[str, tuple[MetricRow, MetricChange]]] = []
    for result, seen in zip(comparison.candidates, v.candidates, strict=True):
        changes = [c for c in result.changes if c.metric.reported]
        found.append({row.name: (row, c) for row, c in zip(seen.metrics, changes, strict=True) if row.primary})
    columns = list(dict.fromkeys(name for one in found for name in one))[:COLUMNS]
    drawn = {name: _column([one.get(name) for one in found]) for name in columns}
    rows = (GridRow(c, tuple(drawn[name][i] for name in columns)) for i, c in enumerate(v.candidates))
    costs = (_cost(comparison, name, found) for name in _wanted(comparison, columns))
    return Overview(tuple(columns), tuple(rows), tuple(one for one in costs if one is not None))


def _wanted(comparison: Comparison, columns: list[str]) -> list[str]:
    """What a gate asks more of; the first headline where none does."""
    gates = [g.gate for c in comparison.candidates for g in c.gates if g.gate.rule == "min_gain"]
    asked = {units.name(g.probe, g.metric) for g in gates}
    return [name for name in columns if name in asked] or columns[:1]


def _column(found: list[tuple[MetricRow, MetricChange] | None]) -> list[tuple[MetricRow, Markup] | None]:
    """One metric of every candidate, on one axis."""
    lines = [
        forest.of_change(one[1], one[0].tone, f"{one[0].name}: {one[0].change}, {MEANING[one[0].tone]}")
        if one
        else None
        for one in found
    ]
    axis = forest.axis_of([line for line in lines if line is not None])
    return [
        (one[0], forest.strip(line, axis)) if one is not None and line is not None else None
        for one, line in zip(found, lines, strict=True)
    ]


def _cost(comparison: Comparison, name: str, found: list[dict[str, tuple[MetricRow, MetricChange]]]) -> Chart | None:
    known = []
    base = None
    for result, one in zip(comparison.candidates, found, strict=True):
        if name in one:
            tokens = next((b.tokens for b in result.behaviour if b.probe == one[name][1].probe), (None, None))
            base = base if base is not None else tokens[0]
            known.append((result.name, one[name][1], tokens[1]))
    return charts.of_cost(known, base) if known else None


def trainings(v: ComparisonView) -> list[tuple[SeriesView, list[Chart]]]:
    """Each series with a chart of every metric."""
    return [(series, [charts.of_series(table) for table in series.tables]) for series in v.series]
