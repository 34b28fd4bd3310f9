"""Which values of one law are tried with every change, and which with the slow tests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def first(values: Iterable[Any], always: int = 1) -> list[Any]:
    """Values for `parametrize`: the first ones run always, the others of the same law with the slow tests."""
    found = [value if isinstance(value, tuple) else (value,) for value in values]
    slow = pytest.mark.slow
    return [pytest.param(*value, marks=() if i < always else slow) for i, value in enumerate(found)]
