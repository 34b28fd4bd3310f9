from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from fteval.engines.remote import cycles


@pytest.fixture
def usual() -> Iterator[tuple[int, int, int]]:
    """Thresholds that nobody else sets."""
    before = gc.get_threshold()
    gc.set_threshold(701, 11, 13)
    yield (701, 11, 13)
    gc.set_threshold(*before)


def test_the_usual_thresholds_are_back_after_the_last_end_in_whatever_order(usual: tuple[int, int, int]):
    cycles.begin()
    cycles.begin()
    cycles.end()
    assert gc.get_threshold() == cycles.SELDOM
    cycles.end()
    assert gc.get_threshold() == usual
