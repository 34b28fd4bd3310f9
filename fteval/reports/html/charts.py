"""Charts along something: looks at a training, parts of a series; and candidates by what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from fteval.records import Curve, Metric, MetricChange, Point, SeriesPoint
from fteval.reports.html import svg
from fteval.reports.view.curve import numbers
from fteval.reports.view.series import SeriesTable
from fteval.stats import units

HEIGHT = 120
TOP, BOTTOM, LEFT, RIGHT = 8.0, 92.0, 3.0, 97.0
"""Of what is drawn in a chart, in percent."""
CLOSE = 0.03
"""Costs that differ by less than this share of the largest one say nothing."""
MANY = 120
"""Looks of which every single one gets a dot."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing, and what stands around it."""

    title: str
    drawing: Markup
    high: str
    """The number at the top."""
    low: str
    ends: tuple[str, ...]
    """Under it, from left to right."""
    note: str = ""
    centred: bool = False
    """Whether `ends` are names of equal parts, and not of the two ends."""


def of_curve(curve: Curve) -> list[Chart]:
    """A chart of each number that was seen while a candidate was trained."""
    kept = next((look for look in curve.looks if look.step == curve.kept), None)
    steps = [float(look.step) for look in curve.looks]
    found = []
    for name, metric, of in numbers(curve):
        values = [of(look) for look in curve.looks]
        known = [v for v in values if v is not None]
        if known:
            last = known[-1] if kept is None else of(kept)
            told = f"{units.value(known[0], metric)} → {units.value(last, metric)}"
            found.append(
                _course(name, metric, list(zip(steps, values, strict=True)), kept.step if kept else None, told)
            )
    return found


def _course(
    name: str, metric: Metric, points: Sequence[tuple[float, float | None]], kept: int | None, told: str
) -> Chart:
    known = [(x, y) for x, y in points if y is not None]
    low, high = _room([y for _, y in known], metric)
    across, up = _place(points[0][0], points[-1][0]), _place(low, high, BOTTOM, TOP)
    drawn = [svg.line(0, up(known[0][1]), 100, up(known[0][1]), "level")]
    if kept is not None:
        drawn.append(svg.line(across(kept), 0, across(kept), 100, "kept"))
    drawn += _path([(across(x), up(y)) for x, y in known])
    if len(known) <= MANY:
        drawn += [svg.dot(across(x), up(y), "look", 2.5) for x, y in known]
    at = "" if kept is None else f" at step {kept}, which was kept"
    label = f"{name} along the training: {told}{at}"
    ends = (f"step {points[0][0]:.0f}", f"step {points[-1][0]:.0f}")
    return Chart(name, svg.box(drawn, HEIGHT, label), units.level(high, metric), units.level(low, metric), ends, told)


def of_series(table: SeriesTable) -> Chart:
    """A metric along the parts of a series."""
    axis, n = table.axis, len(table.points)
    up = _place(axis.low, axis.high, BOTTOM, TOP)
    across = [100 * (i + 0.5) / n for i in range(n)]
    drawn = [] if axis.base is None else [svg.line(0, up(axis.base), 100, up(axis.base), "level")]
    means = [(x, up(p.level)) for x, p in zip(across, table.points, strict=True) if p.level is not None]
    drawn += _path(means)
    for x, point in zip(across, table.points, strict=True):
        drawn += [svg.dot(x, up(turn), "turn", 2.5) for turn in point.turns if turn is not None]
        drawn += _whisker(x, point, axis.base, up)
    drawn += [svg.dot(x, y, "look", 4) for x, y in means]
    said = "; ".join(f"{row[0]}: {row[1]} {row[2]}" for row in table.rows)
    return Chart(
        table.about,
        svg.box(drawn, HEIGHT + 20, f"{table.about}. {said}"),
        units.level(axis.high, axis.metric),
        units.level(axis.low, axis.metric),
        tuple(row[0] for row in table.rows),
        centred=True,
    )


def _whisker(x: float, point: SeriesPoint, base: float | None, up: svg.Place) -> list[Markup]:
    """The interval, where the base is: it is of the change and not of the level."""
    if base is None or point.low is None or point.high is None:
        return []
    return [svg.line(x, up(base + point.low), x, up(base + point.high), "interval whisker")]


def of_trend(name: str, segments: Sequence[Sequence[Point]]) -> Chart:
    """A metric over accepted releases: each with its interval, joined where they are comparable."""
    points = [point for segment in segments for point in segment]
    metric = points[0].metric
    ends = [x for p in points for x in (p.low, p.high, p.value) if x is not None]
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    room = 0.1 * (high - low) or 0.05
    low, high = low - room, high + room
    if metric.unit == "share":
        low, high = max(low, 0.0), min(high, 1.0)
    up, n = _place(low, high, BOTTOM, TOP), len(points)
    drawn: list[Markup] = []
    at = 0
    for segment in segments:
        across = [100 * (at + i + 0.5) / n for i in range(len(segment))]
        if at:
            drawn.append(svg.line(100 * at / n, 0, 100 * at / n, 100, "level"))
        known = [(x, p) for x, p in zip(across, segment, strict=True) if p.value is not None]
        drawn += _path([(x, up(p.value or 0.0)) for x, p in known])
        for x, p in known:
            if p.low is not None and p.high is not None:
                drawn.append(svg.line(x, up(p.low), x, up(p.high), "interval whisker"))
            drawn.append(svg.dot(x, up(p.value or 0.0), "look", 4))
        at += len(segment)
    said = ", ".join(units.value(p.value, metric) for p in points)
    broken = f", broken {len(segments) - 1} times" if len(segments) > 1 else ""
    label = f"{name} over {n} accepted releases{broken}, the oldest first: {said}"
    ends_said = ("oldest", "newest") if n > 1 else ("one release", "")
    told = f"{units.value(points[0].value, metric)} → {units.value(points[-1].value, metric)}" if n > 1 else said
    top, bottom = units.level(high, metric), units.level(low, metric)
    return Chart(name, svg.box(drawn, HEIGHT + 20, label), top, bottom, ends_said, told)


def of_cost(found: Sequence[tuple[str, MetricChange, float | None]], base_cost: float | None) -> Chart | None:
    """Candidates by a metric against the tokens of an answer; None where these are not counted, or hardly differ.

    `found`: name, change, mean tokens per answer.
    """
    known = [(name, cost, c.candidate) for name, c, cost in found if cost is not None and c.candidate is not None]
    if not known or base_cost is None or found[0][1].base is None:
        return None
    metric = found[0][1].metric
    points = [("base", base_cost, found[0][1].base), *known]
    costs, levels = [cost for _, cost, _ in points], [y for *_, y in points]
    most = max(costs)
    if most - min(costs) < CLOSE * most:
        return None
    room = 0.15 * (max(levels) - min(levels)) or 0.05
    low, high = min(levels) - room, max(levels) + room
    if metric.unit == "share":
        low, high = max(low, 0.0), min(high, 1.0)
    up, across = _place(low, high, BOTTOM, TOP), _place(0.0, most)
    drawn = [svg.dot(across(cost), up(y), "base" if i == 0 else "look", 5) for i, (_, cost, y) in enumerate(points)]
    drawn += _labels([(name, across(cost), up(y)) for name, cost, y in points])
    unit = "%" if metric.unit == "share" else metric.unit
    title = f"{units.name(found[0][1].probe, metric.name)} ({unit}) against tokens per answer"
    label = f"{title}: " + "; ".join(f"{n}: {units.value(y, metric)}, {cost:.1f} tokens" for n, cost, y in points)
    ends = ("0 tokens", f"{most:.1f} tokens per answer")
    return Chart(title, svg.box(drawn, 220, label), units.level(high, metric), units.level(low, metric), ends)


def _labels(points: Sequence[tuple[str, float, float]]) -> list[Markup]:
    """Names beside their dots, each under the one above it where they would touch."""
    drawn: list[Markup] = []
    last = {"start": 0.0, "end": 0.0}
    for name, x, y in sorted(points, key=lambda one: one[2]):
        side = "end" if x > 55 else "start"
        last[side] = max(y + 2, last[side] + 6.5)
        drawn.append(svg.words(x + (-2 if side == "end" else 2), last[side], name[:30], side))
    return drawn


# --- places ---------------------------------------------------------------------------------------


def _place(low: float, high: float, start: float = LEFT, end: float = RIGHT) -> svg.Place:
    wide = (high - low) or 1.0
    return lambda x: start + (end - start) * min(max((x - low) / wide, 0.0), 1.0)


def _room(values: Sequence[float], metric: Metric) -> tuple[float, float]:
    """0 to 100 for a share, else what was seen."""
    if metric.unit == "share":
        return 0.0, 1.0
    low, high = min(values), max(values)
    return low, high if high > low else low + 1.0


def _path(points: Sequence[tuple[float, float]]) -> list[Markup]:
    return [svg.line(*one, *two, "course") for one, two in pairwise(points)]
