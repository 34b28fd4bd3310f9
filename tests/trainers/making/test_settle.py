"""A recipe's values: of their types, in their ranges, and going with each other; what is wrong is named at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from fteval.errors import UserError
from fteval.records import Range, ranged
from fteval.trainers.making.settle import Rules, settle


@dataclass(frozen=True, slots=True)
class Oven:
    unit: ClassVar[str] = "°C"

    heat: float = field(default=200.0, metadata=ranged(Range(0, 300)))
    minutes: int = field(default=40, metadata=ranged(Range(1)))
    rows: tuple[int, ...] = (2,)

    def __post_init__(self) -> None:
        settle(self, "oven", self.rules)

    def rules(self) -> Rules:
        return {"minutes": (self.heat * self.minutes <= 12_000, "less of it, so hot"), "rows": (bool(self.rows), "one")}


def test_one_value_has_one_record_however_it_was_written() -> None:
    assert repr(Oven("180", "60", "1, 2")) == repr(Oven(180, 60, [1, 2]))  # type: ignore[arg-type]  # 180 is not 180.0


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        # A value that is none of its type is compared with nothing.
        (
            {"heat": "hot", "minutes": 0.5},
            ["'heat' is 'hot', wanted a number", "'minutes' is 0.5, wanted a whole number"],
        ),
        (
            {"heat": 301, "rows": ()},
            ["'heat' is 301.0, wanted 0 or more and at most 300", "'minutes' is 40, wanted less of it, so hot",
             "'rows' is (), wanted one"],
        ),
        # Out of range is said once.
        ({"minutes": 0}, ["'minutes' is 0, wanted 1 or more"]),
        ({"heat": 300, "minutes": 41}, ["'minutes' is 41, wanted less of it, so hot"]),
        ({"heat": float("nan")}, ["'heat' is nan, wanted 0 or more and at most 300",
                                  "'minutes' is 40, wanted less of it, so hot"]),
    ],
)  # fmt: skip
def test_every_value_that_means_nothing_is_named(values: dict, lines: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        Oven(**values)
    assert caught.value.what.splitlines() == [f"oven: {line}" for line in lines]
