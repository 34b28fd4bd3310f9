"""What somebody says of metrics that were judged elsewhere: one word for all of them, or a word for each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from fteval.errors import UserError

SHARE, NONE = "share", "none"


def each(said: Any) -> dict[str, Any]:
    """Metric -> what was said of it; "" -> what holds for all. `a:higher,b:lower` is a mapping too."""
    if isinstance(said, Mapping):
        return {str(name): value for name, value in said.items()}
    if isinstance(said, str) and ":" in said:
        return {name.strip(): value.strip() for name, _, value in (one.rpartition(":") for one in said.split(","))}
    return {"": said}


def of(said: Any, name: str) -> Any:
    """What was said of one metric; "" for nothing."""
    known = each(said)
    return known.get(name, known.get("", ""))


def bounds(name: str, unit: str, said: Any) -> tuple[float, float]:
    """The least and the most that a metric can be. Raises UserError for what are no bounds."""
    if unit == SHARE:
        return 0.0, 1.0
    if said == NONE:
        return -math.inf, math.inf
    parts = said.split("..") if isinstance(said, str) else said
    try:
        low, high = (float(one) for one in parts)
    except (TypeError, ValueError):
        low = high = 0.0
    if not low < high or math.isinf(high - low):
        raise UserError(f"the bounds of {name!r} are two numbers, 1..5, or none; found {said!r}")
    return low, high
