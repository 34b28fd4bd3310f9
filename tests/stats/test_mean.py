"""Means of one model against scipy and the published numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import ones

from fteval.stats.mean import mean


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    # Newcombe 1998, Stat Med 17:857, method 3.
    [(15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718), (81, 263, 0.2553, 0.3662)],
)
def test_shares_have_wilsons_interval(right: int, n: int, low: float, high: float) -> None:
    found = mean(ones(n, right))
    assert found.estimate == pytest.approx(right / n)
    assert (found.low, found.high) == pytest.approx((low, high), abs=6e-5)


def test_numbers_have_scipys_t_interval() -> None:
    from scipy import stats

    words = list(np.random.default_rng(3).normal(40, 9, 25))
    expected = stats.ttest_1samp(words, 0).confidence_interval(0.95)
    found = mean(words, bounded=False)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_what_is_missing_is_counted() -> None:
    found = mean([1.0, None, math.nan, 0.0])
    assert (found.n, found.missing, found.estimate) == (2, 2, 0.5)
    nothing = mean([None, math.nan])
    assert (nothing.estimate, nothing.low, nothing.high, nothing.n, nothing.missing) == (None, None, None, 0, 2)


def test_one_number_bounds_nothing() -> None:
    assert (lambda m: (m.low, m.high))(mean([7.0], bounded=False)) == (None, None)
    assert (lambda m: (m.low, m.high))(mean([7.0] * 9, bounded=False)) == (None, None)
    low, high = (lambda m: (m.low, m.high))(mean([0.5]))
    assert (low, high) == (0.0, 1.0)


def test_copies_within_a_group_add_no_evidence() -> None:
    graded = [0.1, 0.9, 0.3, 0.8, 0.5, 0.7, 0.2, 0.6]
    once, thrice = mean(graded), mean(graded * 3, [str(i) for i in range(8)] * 3)
    assert (thrice.low, thrice.high) == pytest.approx((once.low, once.high))
    assert (thrice.n, thrice.groups) == (24, 8)


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=1, max_size=30), st.booleans())
def test_the_interval_of_a_share_is_never_a_point(values: list[float | None], grouped: bool) -> None:
    groups = [str(i % 4) for i in range(len(values))] if grouped else None
    found = mean(values, groups)
    assert found.n + found.missing == len(values)
    if found.n:
        assert found.low is not None and found.high is not None and found.estimate is not None
        assert 0 <= found.low <= found.estimate + 1e-12 and found.estimate - 1e-12 <= found.high <= 1
        assert found.low < found.high
