"""What the page draws of one candidate: its gates, metrics and slices on their axes, and its training."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fteval.records import CandidateResult, MetricChange
from fteval.reports.html import charts, forest
from fteval.reports.html.charts import Chart
from fteval.reports.html.forest import Forest, Line
from fteval.reports.view import rows
from fteval.reports.view.rows import GateRow, MetricRow
from fteval.reports.view.view import SLICE, CandidateView
from fteval.reports.view.words import MEANING

MOST = 60
"""Gates and slices that are drawn, those that did not pass and the worst ones first."""
_RANKS = ("fail", "incomplete", "inconclusive", "pass")


@dataclass(frozen=True, slots=True)
class Drawn:
    """One candidate."""

    view: CandidateView
    gates: tuple[Forest[GateRow], ...]
    unmeasured: tuple[GateRow, ...]
    """Gates on what nothing is known of."""
    more_gates: int
    metrics: tuple[Forest[MetricRow], ...]
    still: tuple[Forest[MetricRow], ...]
    """Of metrics that show no change, and that no gate is on."""
    slices: tuple[Forest[MetricRow], ...]
    curve: tuple[Chart, ...]


def of(result: CandidateResult, view: CandidateView) -> Drawn:
    """The drawings of a candidate whose texts are in `view`."""
    gates = sorted(zip(view.gates, result.gates, strict=True), key=lambda one: _RANKS.index(one[0].result))
    lines = [(row, forest.of_gate(found, _in_words(row))) for row, found in gates[:MOST]]
    changes = [c for c in result.changes if c.metric.reported]
    pairs = list(zip(view.metrics, changes, strict=True))
    gated = {row.name for row in view.gates}
    kept = [row.primary or row.name in gated or row.tone in ("good", "bad") for row, _ in pairs]
    return Drawn(
        view=view,
        gates=tuple(forest.forests((row, line) for row, line in lines if line is not None)),
        unmeasured=tuple(row for row, line in lines if line is None),
        more_gates=max(len(gates) - MOST, 0),
        metrics=tuple(_plots(one for one, is_kept in zip(pairs, kept, strict=True) if is_kept)),
        still=tuple(_plots(one for one, is_kept in zip(pairs, kept, strict=True) if not is_kept)),
        slices=tuple(_plots(_sliced(result, view.slices))),
        curve=tuple(charts.of_curve(result.curve)) if result.curve else (),
    )


def _sliced(result: CandidateResult, drawn: Sequence[MetricRow]) -> list[tuple[MetricRow, MetricChange]]:
    """The slices that are listed, in their order."""
    large = [c for c in result.slices if not c.metric.of and c.n_paired >= SLICE]
    return list(zip(drawn, sorted(large, key=rows.worst_first), strict=True))[:MOST]


def _plots(pairs: Iterable[tuple[MetricRow, MetricChange]]) -> list[Forest[MetricRow]]:
    return forest.forests((row, _line(row, change)) for row, change in pairs)


def _line(row: MetricRow, change: MetricChange) -> Line:
    label = f"{row.name}: {row.change} {row.interval}, {MEANING[row.tone]}"
    return forest.of_change(change, row.tone, label)


def _in_words(row: GateRow) -> str:
    return f"{row.label}: {row.measured}; {row.rule}: {row.result}"
