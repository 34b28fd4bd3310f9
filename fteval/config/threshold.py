"""Thresholds that say their unit, so that 95 cannot stand where 0.95 was meant."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

PATTERN = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*(pp|%)?\s*$"


@dataclass(frozen=True, slots=True)
class Threshold:
    """`20pp`, `97%`, or a plain number for an unbounded metric."""

    value: float
    unit: str
    """`pp`, `%` or empty. Both mean hundredths of a share: a drop of 2% is a drop of 2 points, not of a fiftieth."""

    def __str__(self) -> str:
        return f"{self.value:g}{self.unit}"

    def of(self, metric_unit: str) -> float:
        """The threshold in a metric's own unit. Raises ValueError where the units do not go together."""
        if metric_unit == "share":
            if not self.unit:
                points = self.value if self.value > 1 else 100 * self.value
                raise ValueError(f"needs a unit, found {self}: for {points:g} points write {points:g}pp")
            return self.value / 100
        if self.unit:
            raise ValueError(f"is in {metric_unit}: write a plain number, found {self}")
        return self.value


def parse(raw: Any) -> Threshold:
    """A threshold as written. Raises ValueError saying what was found."""
    if isinstance(raw, Threshold):
        return raw
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        value, unit = float(raw), ""
    elif isinstance(raw, str) and re.match(PATTERN, raw):
        text = raw.strip()
        unit = next((u for u in ("pp", "%") if text.endswith(u)), "")
        value = float(text.removesuffix(unit))
    else:
        raise ValueError(f"a threshold is a number with pp or %, as in 2pp, found {raw!r}")
    if not math.isfinite(value):
        raise ValueError(f"{raw!r} is not a number to compare with")
    if unit and not 0 <= value <= 100:
        raise ValueError(f"{raw!r} is not between 0{unit} and 100{unit}")
    return Threshold(value, unit)
