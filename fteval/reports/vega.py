"""Charts as one Vega-Lite specification: data and drawing apart, to be styled and embedded by other tools.

The forest plot of gates and headlines, quality against cost, and the curves of trainings; what there is of them.
Numbers are as people read them: shares and their differences in percent and points.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from fteval.records import CandidateResult, Comparison, Metric, RunRecord
from fteval.reports.escape import one_line
from fteval.reports.html import forest
from fteval.reports.html.forest import CHANGE, LEVEL, Line
from fteval.reports.view import rows, view
from fteval.reports.view.curve import numbers
from fteval.stats import units
from fteval.stats.level import level_of
from fteval.stats.rivals import targets

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
MOST = 60
"""Lines of a forest plot."""
WIDTH = 420
_COLOURS = {
    "pass": "#17753a", "good": "#17753a", "fail": "#b8322a", "bad": "#b8322a", "inconclusive": "#8a5c00",
    "incomplete": "#8a5c00", "stopped": "#8a5c00", "same": "#59616d", "unknown": "#59616d", "measured": "#59616d",
}  # fmt: skip


def spec(subject: Comparison | RunRecord) -> dict[str, Any]:
    """The specification; valid Vega-Lite also where nothing was measured."""
    is_run = isinstance(subject, RunRecord)
    charts = [*_of_run(subject)] if isinstance(subject, RunRecord) else [*_of_comparison(subject)]
    title = f"{subject.ref} measured" if isinstance(subject, RunRecord) else _title(subject)
    about = "levels with their intervals" if is_run else "differences from the base with their intervals"
    return {
        "$schema": SCHEMA,
        "description": f"fteval: {one_line(title, 200)}; {about}",
        "title": one_line(title, 120),
        "vconcat": charts or [_nothing()],
        "resolve": {"scale": {"color": "independent"}},
    }


def _title(comparison: Comparison) -> str:
    best = view.best_of(comparison)
    return f"{view.PHRASES[best.verdict]} {best.name}"


def _of_comparison(comparison: Comparison) -> Iterator[dict[str, Any]]:
    several = len(comparison.candidates) > 1
    lines = [line for result in comparison.candidates for line in _lines(result, several)]
    yield from _forests(lines)
    yield from _cost(comparison)
    for result in comparison.candidates:
        yield from _curves(result, several)


def _of_run(run: RunRecord) -> Iterator[dict[str, Any]]:
    lines = []
    for probe in run.probes:
        for metric in (m for m in probe.metrics if m.reported):
            found = level_of(probe, metric)
            name = units.name(probe.probe, metric.name)
            if found.n:
                lines.append((name, Line(metric, LEVEL, found.estimate, found.low, found.high, "measured", name)))
    yield from _forests(lines)


# --- the forest plot ------------------------------------------------------------------------------


def _lines(result: CandidateResult, several: bool) -> Iterator[tuple[str, Line]]:
    """Its gates, then the headlines that no gate is on."""
    of = f"{result.name}: " if several else ""
    for gate in result.gates:
        row = rows.gate_row(gate)
        line = forest.of_gate(gate, row.label)
        if line is not None:
            yield f"{of}{row.label} ({row.rule})", line
    gated = {(g.gate.probe, g.gate.metric) for g in result.gates}
    for change in result.changes:
        if change.metric.primary and (change.probe, change.metric.name) not in gated and change.difference is not None:
            name = units.name(change.probe, change.metric.name)
            yield f"{of}{name}", forest.of_change(change, rows.tone_of(change), name)


def _forests(lines: Sequence[tuple[str, Line]]) -> Iterator[dict[str, Any]]:
    groups: dict[tuple[str, str, str], list[tuple[str, Line]]] = {}
    for name, line in lines[:MOST]:
        groups.setdefault((line.what, line.metric.unit, line.metric.better), []).append((name, line))
    for members in groups.values():
        yield _forest(members)


def _forest(lines: Sequence[tuple[str, Line]]) -> dict[str, Any]:
    first = lines[0][1]
    level = "%" if first.metric.unit == "share" else first.metric.unit
    unit = units.unit(first.metric) if first.what == CHANGE else level
    worse = first.metric.better == "lower"
    title = f"{first.what}, {unit}{'; less is better, better is to the right' if worse else ''}"
    values = [_values(i, name, line) for i, (name, line) in enumerate(lines)]
    y = {"field": "name", "type": "nominal", "sort": {"field": "order"}, "title": None, "axis": {"labelLimit": 320}}
    colour = {"field": "result", "type": "nominal", "title": None, "scale": _colours(v["result"] for v in values)}

    def layer(mark: dict[str, Any], field: str, **more: Any) -> dict[str, Any]:
        scale = {"reverse": worse, "zero": True}
        x = {"field": field, "type": "quantitative", "title": title, "scale": scale}
        return {"mark": mark, "encoding": {"x": x, "y": y, **more}}

    layers = [
        layer({"type": "rule", "strokeWidth": 2.5}, "low", x2={"field": "high"}, color=colour),
        layer({"type": "point", "filled": True, "opacity": 1, "size": 70}, "estimate", color=colour),
        layer({"type": "tick", "color": "#b8322a", "thickness": 2}, "margin"),
    ]
    if first.what == CHANGE:
        zero = {"x": {"datum": 0, "type": "quantitative"}}
        layers.append({"mark": {"type": "rule", "opacity": 0.5}, "encoding": zero})
    return {"width": WIDTH, "data": {"values": values}, "layer": layers}


def _values(order: int, name: str, line: Line) -> dict[str, Any]:
    found = {key: _number(getattr(line, key), line.metric) for key in ("estimate", "low", "high", "margin", "base")}
    return {"order": order, "name": one_line(name, 120), "result": line.tone, **found}


def _number(value: float | None, metric: Metric) -> float | None:
    return None if value is None else round(100 * value, 4) if metric.unit == "share" else value


def _colours(results: Iterable[str]) -> dict[str, Any]:
    known = list(dict.fromkeys(results))
    return {"domain": known, "range": [_COLOURS[one] for one in known]}


# --- quality against cost, and trainings ------------------------------------------------------------


def _cost(comparison: Comparison) -> Iterator[dict[str, Any]]:
    """Every model by the first gate that asks more, against what a request costs."""
    target = next(iter(targets(comparison.candidates[0])), None)
    found = [next((g.change for g in c.gates if g.gate == target), None) for c in comparison.candidates]
    changes = [change for change in found if change is not None]
    if target is None or len(changes) < len(found) or len(comparison.costs) != len(changes) + 1:
        return
    in_usd = all(cost.usd is not None for cost in comparison.costs)
    costs = [cost.usd if in_usd else cost.tokens for cost in comparison.costs]
    metric = changes[0].metric
    levels = [changes[0].base, *(change.candidate for change in changes)]
    values = [
        {"name": one_line(cost.name, 60), "cost": x, "quality": _number(y, metric)}
        for cost, x, y in zip(comparison.costs, costs, levels, strict=True)
        if x is not None and y is not None
    ]
    if len(values) < 2:
        return
    unit = "%" if metric.unit == "share" else metric.unit
    x = {
        "field": "cost", "type": "quantitative", "scale": {"zero": True},
        "title": "USD per 1,000 requests" if in_usd else "tokens of prompt and answer",
    }  # fmt: skip
    y = {
        "field": "quality", "type": "quantitative", "scale": {"zero": False, "reverse": metric.better == "lower"},
        "title": f"{one_line(units.name(target.probe, target.metric), 80)}, {unit}",
    }  # fmt: skip
    text = {"mark": {"type": "text", "align": "left", "dx": 8}, "encoding": {"x": x, "y": y, "text": {"field": "name"}}}
    points = {"mark": {"type": "point", "filled": True, "size": 80}, "encoding": {"x": x, "y": y}}
    yield {"width": WIDTH, "height": 240, "data": {"values": values}, "layer": [points, text]}


def _curves(result: CandidateResult, several: bool) -> Iterator[dict[str, Any]]:
    """Each number that was seen while it was trained, from look to look."""
    if result.curve is None:
        return
    for name, metric, of in numbers(result.curve):
        values = [
            {"step": look.step, "value": _number(of(look), metric), "kept": look.step == result.curve.kept}
            for look in result.curve.looks
            if of(look) is not None
        ]
        if not values:
            continue
        unit = "%" if metric.unit == "share" else metric.unit
        title = f"{result.name}, {name}" if several else name
        y = {"field": "value", "type": "quantitative", "title": f"{one_line(title, 80)}, {unit}"}
        x = {"field": "step", "type": "quantitative", "title": "step"}
        line = {"mark": {"type": "line", "point": True}, "encoding": {"x": x, "y": y}}
        kept = {
            "mark": {"type": "point", "size": 160, "color": "#17753a"},
            "transform": [{"filter": "datum.kept"}],
            "encoding": {"x": x, "y": y},
        }
        yield {"width": WIDTH, "height": 140, "data": {"values": values}, "layer": [line, kept]}


def _nothing() -> dict[str, Any]:
    text = {"text": {"datum": "nothing was measured that could be drawn"}}
    return {"width": WIDTH, "data": {"values": [{}]}, "mark": "text", "encoding": text}
