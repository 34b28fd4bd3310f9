"""Numbers as reports show them."""

from __future__ import annotations

import pytest

from fteval.stats import units


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0.0, "0.00"), (0.0042, "0.0042"), (-0.031, "-0.0310"), (0.1, "0.10"), (3.14159, "3.14"), (42.04, "42.0")],
)
def test_a_small_number_of_an_unbounded_metric_is_not_shown_as_nothing(number: float, shown: str) -> None:
    assert units.plain(number) == shown
