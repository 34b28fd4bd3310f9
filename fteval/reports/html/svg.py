"""Small SVG charts, drawn in percent of their box: lines and signs keep their size at any width, with no script.

Everything is an attribute or a class: a page whose policy allows no inline style can show them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from fteval.reports.escape import visible

Place = Callable[[float], float]
"""The place of a number, in percent."""
TICKS = 5
"""Lines on an axis, about."""


@dataclass(frozen=True, slots=True)
class Axis:
    """From where to where, in the numbers of what is drawn."""

    low: float
    high: float
    mirrored: bool = False
    """The high end is on the left: less is better, and better is to the right."""

    def at(self, x: float) -> float:
        """The place of a number, in percent from the left; ends for what lies beyond them."""
        share = (x - self.low) / (self.high - self.low)
        share = min(max(share, 0.0), 1.0)
        return 100 * (1 - share if self.mirrored else share)

    @property
    def ticks(self) -> list[float]:
        """Round numbers on it, from left to right."""
        step = _round_step((self.high - self.low) / TICKS)
        first = math.ceil(self.low / step - 1e-9)
        found = [round((first + i) * step, 12) for i in range(int((self.high + 1e-9) / step) - first + 1)]
        return found[::-1] if self.mirrored else found


def axis(values: Iterable[float | None], *, mirrored: bool = False, least: float = 0.0) -> Axis:
    """An axis on which all of these have room, 0 among them; at least `least` wide."""
    known = [0.0, *(x for x in values if x is not None and math.isfinite(x))]
    low, high = min(known), max(known)
    short = max(least - (high - low), 0.0) / 2
    low, high = low - short, high + short
    room = 0.06 * ((high - low) or 1.0)
    return Axis(low - room, high + room, mirrored)


def _round_step(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step)) if step > 0 else 1.0
    return next(power * f for f in (1, 2, 5, 10) if power * f >= step * (1 - 1e-9))


# --- elements -------------------------------------------------------------------------------------


def element(name: str, content: Iterable[Markup] = (), **attributes: object) -> Markup:
    """An element; `class_` is written `class`, `stroke_width` `stroke-width`, everything visible and escaped."""
    said = "".join(
        f' {key.strip("_").replace("_", "-")}="{escape(visible(str(value)))}"' for key, value in attributes.items()
    )
    inner = "".join(content)
    return Markup(f"<{name}{said}>{inner}</{name}>" if inner else f"<{name}{said}/>")


def box(content: Sequence[Markup], height: int, label: str) -> Markup:
    """A chart so many pixels high and as wide as there is room; `label` says in words what it shows."""
    return element("svg", content, class_="chart", height=height, role="img", aria_label=label)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """A line between two places, in percent."""
    return element("line", x1=pct(x1), y1=pct(y1), x2=pct(x2), y2=pct(y2), class_=class_)


def dot(x: float, y: float, class_: str, radius: float = 4.5) -> Markup:
    return element("circle", cx=pct(x), cy=pct(y), r=radius, class_=class_)


def rect(x: float, y: float, width: float, height: float, class_: str) -> Markup:
    return element("rect", x=pct(x), y=pct(y), width=pct(max(width, 0)), height=pct(max(height, 0)), class_=class_)


def words(x: float, y: float, text: str, anchor: str = "middle") -> Markup:
    """Text whose `anchor` (start, middle, end) is at this place."""
    return element("text", [escape(visible(text))], x=pct(x), y=pct(y), text_anchor=anchor)


def pct(x: float) -> str:
    """`33.3%`; what is no number is 0."""
    return f"{round(x, 2):g}%" if math.isfinite(x) else "0%"
