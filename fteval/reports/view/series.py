"""Trainings that belong together: sentences of what they say, and a table with a chart for each metric."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fteval.records import Comparison, Series, SeriesMetric, SeriesPoint
from fteval.reports.view.chart import Axis, axis_of
from fteval.stats import units

_TITLES = {
    "sizes": "How many examples are enough",
    "picks": "Which examples",
    "tasks": "Each task alone, and all together",
    "seeds": "How far trainings differ",
}
_PARTS = {"sizes": "examples", "picks": "picked", "tasks": "trained on", "seeds": "rows"}


@dataclass(frozen=True, slots=True)
class SeriesTable:
    """A metric: a row for each part of the rows."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    axis: Axis
    points: tuple[SeriesPoint, ...]
    about: str
    """What the columns are of: `iso_date.iso in %, 60 samples, base 0.0`."""


@dataclass(frozen=True, slots=True)
class SeriesView:
    title: str
    sentences: tuple[str, ...]
    tables: tuple[SeriesTable, ...]
    notes: tuple[str, ...]


def of_series(comparison: Comparison) -> tuple[SeriesView, ...]:
    """A view of each series."""
    return tuple(_view(series) for series in comparison.series)


def _view(series: Series) -> SeriesView:
    many = "one training" if series.trainings == 1 else f"{series.trainings} trainings"
    steps = set(series.steps)
    long = f", {series.steps[0]} steps each" if len(steps) == 1 and None not in steps else ""
    of = "" if len(series.parts) == 1 else " of each"
    title = f"{_TITLES[series.kind]}: {series.name}, {many}{of}{long}"
    return SeriesView(
        title,
        tuple(_sentences(series)),
        tuple(_table(series, m) for m in series.metrics if m.n),
        tuple(_notes(series)),
    )


def _table(series: Series, m: SeriesMetric) -> SeriesTable:
    unit = "%" if m.metric.unit == "share" else m.metric.unit
    last = series.parts[-1]
    against = () if len(series.parts) == 1 else (f"against {last}",)
    rows = [
        (
            f"{point.part} ({n} rows)" if series.kind == "tasks" else point.part,
            units.level(point.level, m.metric),
            _change(point.difference, point.low, point.high, m),
            *([] if not against else [_change(point.gap, point.gap_low, point.gap_high, m)]),
        )
        for point, n in zip(m.points, series.rows, strict=True)
    ]
    base = f"base {units.level(m.base, m.metric)}"
    return SeriesTable(
        (_PARTS[series.kind], "mean", "against the base", *against),
        tuple(rows),
        axis_of(m),
        m.points,
        f"{_name(m)} in {unit}, {m.n:,} samples, {base}{', lower is better' * (m.metric.better == 'lower')}",
    )


def _name(m: SeriesMetric) -> str:
    return units.name(m.probe, m.metric.name, m.slice)


def _change(x: float | None, low: float | None, high: float | None, m: SeriesMetric) -> str:
    return "" if x is None else f"{units.signed(x, m.metric)} {units.interval(low, high, m.metric)}"


# --- sentences ------------------------------------------------------------------------------------


def _sentences(series: Series) -> Iterator[str]:
    if series.kind == "sizes" and len(series.parts) > 1:
        yield from _enough(series)
    elif series.kind == "tasks":
        yield from _together(series)
    elif series.kind == "picks":
        yield from _picked(series)


def _enough(series: Series) -> Iterator[str]:
    last = series.parts[-1]
    counted = [m for m in series.metrics if m.margin is not None]
    if not counted:
        yield "Nothing here counts against a margin, so that no number of examples can be called enough."
        return
    if not series.gained:
        yield f"With {last} examples nothing that was measured is shown to be better than the base's: none are enough."
        return
    if series.trainings < 2:
        yield (
            "One training of each: how far trainings differ is not known, so that no number of examples is called "
            "enough. `seeds: 3` trains each three times."
        )
        return
    margins = _margins(counted)
    before = series.parts[series.parts.index(series.enough or last) - 1]
    if series.enough is not None:
        least = " (the fewest that were tried)" if series.enough == series.parts[0] else ""
        yield (
            f"{series.enough} examples are enough{least}: more, up to {last}, gained nothing that was measured beyond "
            f"{margins}."
        )
    if series.short:
        yield (
            f"{before} are too few: against {last} they are shown to cost {_listed(series.short)} more than {margins}."
        )
    elif series.unsure:
        cannot = "" if series.enough else "Cannot tell how many are enough: "
        yield (
            f"{cannot}{'w' if cannot else 'W'}hether {before} are enough is open: {_listed(series.unsure)} may cost "
            f"more than {margins} against {last}. More samples or more seeds would tell."
        )
    yield from _worse(series)


def _worse(series: Series) -> Iterator[str]:
    """What more examples made worse: of that a part that is enough says nothing."""
    first, last = series.parts[0], series.parts[-1]
    for m in series.metrics:
        gain = units.turned(m.metric, m.points[0].gap_low, m.points[0].gap_high)[0]
        if gain is not None and gain > 0:
            yield f"More examples made {_name(m)} worse: {_between(m.points[0], m)} from {first} to {last}."


def _margins(counted: list[SeriesMetric]) -> str:
    sizes = dict.fromkeys(units.size(m.margin or 0.0, m.metric) for m in counted)
    return " or ".join(sizes)


def _between(point: SeriesPoint, m: SeriesMetric) -> str:
    """The last part against this one."""
    if point.gap is None or point.gap_low is None or point.gap_high is None:
        return units.NOT_MEASURED
    return f"{units.change(-point.gap, m.metric)} {units.interval(-point.gap_high, -point.gap_low, m.metric)}"


def _together(series: Series) -> Iterator[str]:
    for m in series.metrics:
        alone = [p for p in m.points[:-1] if (_gain(p, m) or 0.0) > 0]
        if not alone:
            continue
        best = max(alone, key=lambda p: abs(p.difference or 0.0))
        low, high = units.turned(m.metric, best.gap_low, best.gap_high)
        word = "costs" if low is not None and low > 0 else "adds" if high is not None and high < 0 else ""
        said = f"Together {word} {_name(m)}" if word else f"Together no change of {_name(m)} is shown:"
        yield f"{said} {_between(best, m)}, against {best.part} alone."


def _gain(point: SeriesPoint, m: SeriesMetric) -> float | None:
    """The least that it may have gained on the base."""
    return units.turned(m.metric, point.low, point.high)[0]


def _picked(series: Series) -> Iterator[str]:
    last = series.parts[-1]
    for m in series.metrics:
        for point in m.points[:-1]:
            low, high = units.turned(m.metric, point.gap_low, point.gap_high)
            if low is None or high is None or low <= 0 <= high:
                continue
            word = "better" if low > 0 else "worse"
            change = f"{units.change(point.gap, m.metric)} {units.interval(point.gap_low, point.gap_high, m.metric)}"
            yield f"{point.part.capitalize()} rows leave {_name(m)} {word} than {last} ones: {change}."


def _notes(series: Series) -> Iterator[str]:
    for probe, why in series.uncounted.items():
        yield f"{probe} is shown and decides nothing here: {why}."
    for m in series.metrics:
        if not m.n:
            yield f"Nothing is known of {_name(m)}: no sample has a score after every training."
    if series.trainings == 1:
        yield "One training of each: intervals are for other samples, and leave out how far trainings differ."
    else:
        yield (
            f"Intervals are for other samples and other trainings: {series.trainings} of each, with other seeds and "
            "other rows; they take trainings to vary evenly, and do not see a rare collapse."
        )
    compared = sum(point.gap is not None for m in series.metrics for point in m.points)
    if series.kind in ("picks", "tasks") and compared > 1:
        luck = f"1 in {round(1 / (1 - series.level))} is shown by luck alone"
        yield f"{compared} differences between parts were looked at, each by itself: {luck}."
    if series.kind == "sizes" and len(set(series.steps)) > 1:
        yield "Larger parts were trained for more steps: what they gained is of more rows and of more steps."
    if series.kind == "tasks" and None not in series.steps:
        yield "Together is trained for the steps of all tasks alone: rows of a smaller file are seen less often in it."
    elif series.kind == "tasks":
        yield "Each row is seen as often alone as together."
    yield "In the chart: · a training, ● their mean, ─ the interval, ┊ the base."


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
