"""Which values a setting may have: said once, at the field, and checked alike wherever the value comes from."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers that mean something. NaN and infinities never do."""

    least: float | None = None
    most: float | None = None
    above: float | None = None
    """More than this, and not this."""
    below: float | None = None
    least_is: str = ""
    """What the least value stands for, in words."""

    def __contains__(self, value: float) -> bool:
        return (
            float("-inf") < value < float("inf")
            and (self.least is None or value >= self.least)
            and (self.above is None or value > self.above)
            and (self.most is None or value <= self.most)
            and (self.below is None or value < self.below)
        )

    def __str__(self) -> str:
        low = "" if self.least is None else f"{_shown(self.least)}{self.least_is and f' ({self.least_is})'} or more"
        low = f"more than {_shown(self.above)}" if self.above is not None else low
        high = "" if self.most is None else f"at most {_shown(self.most)}"
        high = f"less than {_shown(self.below)}" if self.below is not None else high
        return " and ".join(part for part in (low, high) if part)

    @property
    def bounds(self) -> dict[str, float]:
        """As pydantic's `Field` takes them: ge, gt, le, lt."""
        known = {"ge": self.least, "gt": self.above, "le": self.most, "lt": self.below}
        return {name: value for name, value in known.items() if value is not None}


def _shown(number: float) -> str:
    """In full where it is a whole number of up to ten digits: whoever is over it wants to know by how much."""
    return str(int(number)) if number == int(number) and abs(number) < 10**10 else f"{number:g}"


def ranged(within: Range, metadata: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A field's metadata with its range."""
    return {**(metadata or {}), "range": within}


def out_of_range(record: Any) -> Iterator[str]:
    """A line for each field of a dataclass whose number means nothing: `top_p is 2, wanted more than 0 and at most 1`.

    None is in every range: nothing was said.
    """
    for field in dataclasses.fields(record):
        within, value = field.metadata.get("range"), getattr(record, field.name)
        if within is not None and value is not None and value not in within:
            yield f"{field.name} is {value}, wanted {within}"
