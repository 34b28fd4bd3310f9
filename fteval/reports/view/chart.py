"""A metric along the parts of a series, drawn in text: a line for each part, all on one axis."""

from __future__ import annotations

from dataclasses import dataclass

from fteval.records import Metric, SeriesMetric, SeriesPoint
from fteval.stats import units

BASE, INTERVAL, TRAINING, MEAN = "┊", "─", "·", "●"


@dataclass(frozen=True, slots=True)
class Axis:
    """From where to where; the base lies between."""

    low: float
    high: float
    base: float | None
    metric: Metric

    def caption(self, width: int) -> str:
        """Both ends, so wide as a line."""
        left, right = (units.level(x, self.metric) for x in (self.low, self.high))
        return f"{left}{right.rjust(width - len(left))}"


def axis_of(m: SeriesMetric) -> Axis:
    """0 to 100 for a share, else what was seen."""
    if m.metric.unit == "share":
        return Axis(0.0, 1.0, m.base, m.metric)
    seen = [x for p in m.points for x in (*p.turns, *_ends(p, m.base)) if x is not None]
    seen += [] if m.base is None else [m.base]
    low, high = min(seen, default=0.0), max(seen, default=0.0)
    return Axis(low, high if high > low else low + 1.0, m.base, m.metric)


def line(point: SeriesPoint, axis: Axis, width: int) -> str:
    """One part: its trainings, their mean with its interval, and the base, so many characters wide."""
    cells = [" "] * width
    low, high = (_place(x, axis, width) for x in _ends(point, axis.base))
    if low is not None and high is not None:
        cells[low : high + 1] = [INTERVAL] * (high + 1 - low)
    marks = [(axis.base, BASE), *((turn, TRAINING) for turn in point.turns), (point.level, MEAN)]
    for value, sign in marks:
        if (place := _place(value, axis, width)) is not None:
            cells[place] = sign
    return "".join(cells)


def _ends(point: SeriesPoint, base: float | None) -> tuple[float | None, float | None]:
    """The interval of the difference, where the base is: it is of the change and not of the level."""
    if base is None or point.low is None or point.high is None:
        return None, None
    return base + point.low, base + point.high


def _place(value: float | None, axis: Axis, width: int) -> int | None:
    if value is None:
        return None
    share = (value - axis.low) / (axis.high - axis.low)
    return round(min(max(share, 0.0), 1.0) * (width - 1))
