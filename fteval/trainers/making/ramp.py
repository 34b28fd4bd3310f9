"""A number that rises or falls while a model trains: a curriculum."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_KEYS = {"from", "to", "over"}


@dataclass(frozen=True, slots=True)
class Ramp:
    """A straight line from `start` to `end`, reached at the share `over` of the training and kept from there on."""

    start: float
    end: float
    over: float = 1.0

    def at(self, progress: float) -> float:
        """The number at a share of the training."""
        return self.start + (self.end - self.start) * min(1.0, progress / self.over)

    def whole(self) -> bool:
        """Whether only whole numbers are meant."""
        return isinstance(self.start, int) and isinstance(self.end, int)

    def as_said(self) -> Any:
        """As fteval.yaml says it."""
        if self.start == self.end:
            return self.start
        return {"from": self.start, "to": self.end, "over": self.over}


def is_ramp(value: Any) -> bool:
    return isinstance(value, Mapping) and {"from", "to"} <= value.keys() <= _KEYS


def ramp(value: Any, name: str) -> Ramp:
    """A number as a level ramp, or `{from, to, over: 60%}`. Raises ValueError naming what is neither."""
    if is_ramp(value):
        return Ramp(_number(value["from"], f"{name}.from"), _number(value["to"], f"{name}.to"), _share(value, name))
    number = _number(value, name)
    return Ramp(number, number)


def at(params: Mapping[str, Any], progress: float) -> dict[str, Any]:
    """Parameters with every ramp in them as the number that it is by now; whole where its ends are."""
    now = {}
    for name, value in params.items():
        if is_ramp(value):
            line = ramp(value, name)
            number = line.at(progress)
            value = round(number) if line.whole() else number
        now[name] = value
    return now


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"'{name}' is {value!r}, wanted a number, or {{from: …, to: …, over: 60%}}")
    return value


def _share(value: Mapping[str, Any], name: str) -> float:
    given = value.get("over", 1.0)
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", given) if isinstance(given, str) else None
    share = float(found[1]) / 100 if found else given
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        raise ValueError(f"'{name}.over' is {given!r}, wanted a share of the training: 60% or 0.6")
    return float(share)
