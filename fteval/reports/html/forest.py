"""Forest plots: a line for each gate, metric or slice, with its interval, and the margin where a gate asks for one.

Lines of one unit share an axis. Better is to the right on each: where less is better, the axis is turned.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from markupsafe import Markup

from fteval.records import GateResult, Metric, MetricChange
from fteval.reports.html import svg
from fteval.stats import units

HEIGHT = 30
"""Of a line, in pixels."""
MIDDLE = 50.0
CHANGE, LEVEL = "difference from the base", "the candidate's own level"
RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True)
class Line:
    """What is drawn of one row."""

    metric: Metric
    what: str
    """`CHANGE` or `LEVEL`"""
    estimate: float | None
    low: float | None
    high: float | None
    tone: str
    """The class of its marks: a gate's result, or a metric's tone."""
    label: str
    """All of it in words."""
    margin: float | None = None
    """What a gate asks for: on its worse side it fails."""
    base: float | None = None
    """The base's level, beside a level."""

    @property
    def numbers(self) -> tuple[float | None, ...]:
        return self.estimate, self.low, self.high, self.margin, self.base


@dataclass(frozen=True, slots=True)
class Forest(Generic[RowT]):
    """Lines on one axis, in the order given, each with the row that it is of."""

    caption: str
    """`difference from the base, pp`"""
    scale: Markup
    rows: tuple[tuple[RowT, Markup], ...]

    @property
    def size(self) -> int:
        """Lines."""
        return len(self.rows)


def forests(rows: Iterable[tuple[RowT, Line]]) -> list[Forest[RowT]]:
    """Rows by their axes: differences before levels, shares before other units."""
    groups: dict[tuple[bool, bool, str, bool], list[tuple[RowT, Line]]] = {}
    for row, line in rows:
        m = line.metric
        key = (line.what == LEVEL, m.unit != "share", m.unit, m.better == "lower")
        groups.setdefault(key, []).append((row, line))
    order = sorted(groups, key=lambda key: key[:2])
    return [_forest(groups[key]) for key in order]


def _forest(rows: Sequence[tuple[RowT, Line]]) -> Forest[RowT]:
    first = rows[0][1]
    axis = axis_of([line for _, line in rows])
    unit = (
        units.unit(first.metric) if first.what == CHANGE else "%" if first.metric.unit == "share" else first.metric.unit
    )
    turned = "; less is better" if first.metric.better == "lower" else ""
    return Forest(
        caption=f"{first.what}, {unit}{turned}",
        scale=_scale(axis, first),
        rows=tuple((row, strip(line, axis)) for row, line in rows),
    )


def axis_of(lines: Sequence[Line]) -> svg.Axis:
    """One on which all these lines have room."""
    metric, what = lines[0].metric, lines[0].what
    mirrored = metric.better == "lower"
    if metric.unit == "share" and what == LEVEL:
        return svg.Axis(-0.02, 1.02, mirrored)
    least = 0.05 if metric.unit == "share" else 0.0
    return svg.axis((x for line in lines for x in line.numbers), mirrored=mirrored, least=least)


def strip(line: Line, axis: svg.Axis) -> Markup:
    """One line of a plot: what all lines have is as high as its row, its own marks are in the first text line."""
    drawn: list[Markup] = []
    own: list[Markup] = []
    if line.margin is not None:
        edge = axis.at(line.margin)
        drawn += [svg.rect(0, 0, edge, 100, "beyond"), svg.line(edge, 0, edge, 100, "margin")]
    if line.what == CHANGE:
        drawn.append(svg.line(axis.at(0), 0, axis.at(0), 100, "zero"))
    if line.base is not None:
        own.append(svg.dot(axis.at(line.base), MIDDLE, "base", 4))
    if line.low is not None and line.high is not None:
        ends = sorted((axis.at(line.low), axis.at(line.high)))
        own.append(svg.line(ends[0], MIDDLE, ends[1], MIDDLE, f"interval {line.tone}"))
        own += [svg.line(x, 32, x, 68, f"interval {line.tone}") for x in ends]
    if line.estimate is not None:
        own.append(svg.dot(axis.at(line.estimate), MIDDLE, f"estimate {line.tone}"))
    return svg.box([*drawn, svg.element("svg", own, height=HEIGHT)], HEIGHT, line.label)


def _scale(axis: svg.Axis, line: Line) -> Markup:
    """The numbers of an axis; those near its ends make room for nothing else."""
    shown = units.level if line.what == LEVEL else lambda x, m: units.signed(x, m)
    drawn = []
    for tick in axis.ticks:
        at = axis.at(tick)
        drawn.append(svg.line(at, 0, at, 25, "tick"))
        drawn.append(svg.words(min(max(at, 4), 96), 85, _short(shown(tick, line.metric))))
    return svg.box(drawn, 22, f"axis: {line.what}")


def _short(number: str) -> str:
    """`+20` for `+20.0`."""
    whole = number.removesuffix(".0")
    return "0" if float(whole.replace("−", "-").replace(" ", "")) == 0 else whole


# --- what lines are of ----------------------------------------------------------------------------


def of_gate(result: GateResult, label: str) -> Line | None:
    """The line of a gate; None where nothing was measured."""
    gate, change = result.gate, result.change
    if change is None:
        return None
    metric = change.metric
    if gate.rule not in ("min_gain", "max_drop"):
        ends = (result.low, result.high)
        return Line(metric, LEVEL, change.candidate, *ends, result.result, label, gate.threshold, change.base)
    worse = -1.0 if metric.better == "higher" else 1.0
    margin = worse * gate.threshold if gate.rule == "max_drop" else -worse * gate.threshold
    return Line(metric, CHANGE, change.difference, result.low, result.high, result.result, label, margin)


def of_change(change: MetricChange, tone: str, label: str) -> Line:
    """The line of a metric or a slice."""
    return Line(change.metric, CHANGE, change.difference, change.low, change.high, tone, label)
