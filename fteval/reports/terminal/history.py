"""The trend over accepted releases: newest first, each against the one before, broken where the ruler was changed.

In the terminal and as markdown; everything in it was computed when the releases were accepted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.text import Text

from fteval.errors import UserError, suggest
from fteval.records import AnchorPoint, Metric, Point, Release, Step
from fteval.reports.escape import code, inline
from fteval.reports.markdown import blocks
from fteval.reports.terminal import panes
from fteval.reports.terminal.page import plain
from fteval.reports.view.words import SIGNS
from fteval.runs.journal import codec
from fteval.stats import units

SHOWN = 12
"""Releases per metric in the terminal; a report file has all."""
SPARKS = 60
PLANNED = 20
"""Releases that one anchor's level holds for, see `fteval.stats.trend`."""
READING = (
    "A line is scaled by its intervals: what looks flat is within them. "
    "× is where samples or scorer changed: nothing is compared across it."
)
ANCHORS = (
    f"Intervals against an anchor are wider: they hold over {PLANNED} releases together, "
    "so that at most 1 anchor in 40 gives a false alarm."
)
_BARS = "▁▂▃▄▅▆▇█"
HEADER = ("Accepted", "Release", "value, 95 %", "against the one before", "")


@dataclass(frozen=True, slots=True)
class Row:
    """One release in the trend of one metric."""

    when: str
    ref: str
    value: str
    step: str
    broken: str | None
    """Why nothing connects it with the release before."""
    note: str


@dataclass(frozen=True, slots=True)
class Trend:
    """One metric of one suite; `rows` newest first."""

    suite: str
    name: str
    line: str
    rows: tuple[Row, ...]
    drift: tuple[str, ...]
    segments: tuple[tuple[Point, ...], ...] = ()
    """Releases that are comparable with one another, oldest first."""


def trends(histories: Mapping[str, Sequence[Release]], metrics: Sequence[str] = ()) -> list[Trend]:
    """A trend per suite and metric: the metrics that are named as `probe.metric`, else every probe's primary one.

    Raises UserError for a name that no release has.
    """
    found: list[Trend] = []
    known: set[str] = set()
    for suite, lines in histories.items():
        releases = [r for r in lines if r.anchor is None]
        pinned = [r for r in lines if r.anchor is not None]
        columns = {units.name(p.probe, p.metric.name): p for r in releases for p in r.points}
        known |= columns.keys()
        for name, last in columns.items():
            if name in metrics if metrics else last.metric.primary:
                found.append(_trend(suite, name, last, releases, pinned))
    for name in metrics:
        if name not in known:
            raise UserError(f"no release has the metric '{name}'. {suggest(name, known)}")
    return found


def as_data(histories: Mapping[str, Sequence[Release]]) -> dict[str, Any]:
    """What `--json` prints: every line that is kept, newest first."""
    return {"suites": [{"suite": s, "releases": codec.to_json(list(reversed(r)))} for s, r in histories.items()]}


# --- the view -------------------------------------------------------------------------------------


def _trend(suite: str, name: str, last: Point, releases: Sequence[Release], pinned: Sequence[Release]) -> Trend:
    rows: list[Row] = []
    segments: list[list[Point]] = []
    before: Release | None = None
    for release in releases:
        point = next((p for p in release.points if (p.probe, p.metric.name) == (last.probe, last.metric.name)), None)
        if point is None:
            continue
        reason = _break(before, release, point)
        if before is None or reason:
            segments.append([])
        segments[-1].append(point)
        rows.append(
            Row(
                when=release.time[:16].replace("T", " "),
                ref=release.ref,
                value=f"{units.value(point.value, point.metric)} {_level(point)}",
                step="–" if reason or point.step is None else _step(point.step, point.metric),
                broken=f"not comparable with the one before: {reason}" if reason else None,
                note=_note(release, pinned),
            )
        )
        before = release
    line = " × ".join("".join(_sparks(segment)) for segment in segments)
    drift = tuple(_drift(releases, last.probe, last.metric))
    return Trend(suite, name, line[-SPARKS:], tuple(reversed(rows)), drift, tuple(map(tuple, segments)))


def _break(before: Release | None, release: Release, point: Point) -> str | None:
    if before is None:
        return None
    if point.probe in release.breaks:
        return release.breaks[point.probe]
    if release.replaced != before.run:
        return "it replaced another one"
    return None if point.step else "the metric is new"


def _note(release: Release, pinned: Sequence[Release]) -> str:
    parts = [f"FORCED: {release.forced}"] if release.forced else []
    parts += [f"anchor {p.anchor}" for p in pinned if p.run == release.run]
    return "; ".join(parts)


def _level(point: Point) -> str:
    return units.level_interval(point.low, point.high, point.metric)


def _step(step: Step, metric: Metric) -> str:
    shown = f"{units.change(step.difference, metric)} {units.interval(step.low, step.high, metric)}"
    return f"{SIGNS[_tone(step, metric)]} {shown}"


def _tone(step: Step, metric: Metric) -> str:
    if step.low is None or step.high is None:
        return "unknown"
    if step.low <= 0 <= step.high:
        return "same"
    return "good" if (step.low > 0) == (metric.better == "higher") else "bad"


def _sparks(segment: Sequence[Point]) -> Iterator[str]:
    """A bar per release, between the lowest and the highest end of their intervals."""
    ends = [x for p in segment for x in (p.low, p.high, p.value) if x is not None]
    low, high = min(ends, default=0.0), max(ends, default=0.0)
    for p in segment:
        if p.value is None:
            yield "·"
        else:
            share = (p.value - low) / (high - low) if high > low else 0.5
            yield _BARS[min(int(share * len(_BARS) + 1e-9), len(_BARS) - 1)]


def _drift(releases: Sequence[Release], probe: str, metric: Metric) -> Iterator[str]:
    """What single steps are too small to show: every release against the anchors that the newest one still has."""
    held = [_anchored(release, probe, metric) for release in releases]
    for name in dict.fromkeys(name for points in held for name in points):
        newest = held[-1].get(name)
        if newest is None:
            yield f"anchor {name}: not comparable with the newest release"
            continue
        since = [p[name].step for p in held if name in p and p[name].run == newest.run]
        path = ", ".join("?" if s.difference is None else units.signed(s.difference, metric) for s in since)
        number = f"{units.change(newest.step.difference, metric)} "
        number += units.interval(newest.step.low, newest.step.high, metric)
        word = {"bad": "WORSE than the anchor", "good": "better than the anchor"}.get(
            _tone(newest.step, metric), "no drift shown"
        )
        if metric.bound is None:
            word += " (nothing bounds this metric: for information)"
        steps = f"{path} {units.unit(metric)}, now " if len(since) > 1 else ""
        yield f"since anchor {name}: {steps}{number}: {word}"
        if len(since) > PLANNED:
            yield f"anchor {name} has served {len(since)} releases, planned are {PLANNED}: pin a new one"


def _anchored(release: Release, probe: str, metric: Metric) -> dict[str, AnchorPoint]:
    return {a.anchor: a for a in release.anchored if (a.probe, a.metric.name) == (probe, metric.name)}


# --- shown ----------------------------------------------------------------------------------------


def render(found: Sequence[Trend]) -> str:
    """Plain lines for a terminal."""
    shown: list[RenderableType] = []
    for trend in found:
        head = f"{panes.line(trend.suite)}  {panes.line(trend.name)}  {trend.line}"
        rest = len(trend.rows) - SHOWN
        notes = [f"{rest} earlier ones are in a report file: -o FILE.md"] if rest > 0 else []
        lines = [Text(panes.line(text)) for text in (*notes, *trend.drift)]
        shown += [Group(Text(head), *_tables(trend.rows[:SHOWN]), *lines), Text("")]
    return plain([*shown, *(Text(text) for text in _reading(found))])


def _tables(rows: Sequence[Row]) -> Iterator[RenderableType]:
    """A table that is cut in two wherever the ruler was changed."""
    cells = [[panes.line(cell) for cell in (row.when, row.ref, row.value, row.step, row.note)] for row in rows]
    widths = [min(max(map(cell_len, column)), 30) for column in zip(HEADER, *cells, strict=True)]
    table = panes.table(HEADER, False, whole=(0, 2, 3))
    for row, texts in zip(rows, cells, strict=True):
        for column, width in zip(table.columns[:-1], widths, strict=False):
            column.min_width = width
        table.add_row(*map(Text, texts))
        if row.broken:
            yield Group(table, Text(f"× {panes.line(row.broken)}"))
            table = panes.table(HEADER, False, whole=(0, 2, 3))
            table.show_header = False
    if table.row_count:
        yield table


def markdown(found: Sequence[Trend]) -> str:
    """The same for a file or a pull request, with every release."""
    parts = ["### fteval history"]
    for trend in found:
        parts.append(f"#### {code(trend.name)} of {code(trend.suite)}  {trend.line}")
        cells = [
            [
                inline(row.when),
                code(row.ref, table=True),
                inline(row.value),
                inline(row.step),
                inline("; ".join(filter(None, (row.broken, row.note)))),
            ]
            for row in trend.rows
        ]
        parts.append(blocks.table(HEADER, "llrrl", cells))
        parts.append("\n".join(f"- {inline(line)}" for line in trend.drift))
    return blocks.joined([*parts, *_reading(found)]) + "\n"


def _reading(found: Sequence[Trend]) -> Iterator[str]:
    yield READING
    if any(trend.drift for trend in found):
        yield ANCHORS
