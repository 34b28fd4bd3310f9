"""Means of one model: what their interval and their tests may never do, against scipy and hand arithmetic."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fteval.stats import mean

SHARES = st.one_of(st.sampled_from([0.0, 1.0, 0.5, -0.0, None, math.nan]), st.floats(0, 1))
ANYTHING = st.one_of(SHARES, st.sampled_from([math.inf, -math.inf]), st.floats(), st.integers(-3, 3), st.booleans())
NAMES: st.SearchStrategy[Any] = st.one_of(st.none(), st.integers(0, 3), st.sampled_from(["a", "b", "", "0"]))
LEVELS = st.one_of(st.just(0.95), st.floats(0.5, 0.999))
THRESHOLDS = st.one_of(st.sampled_from([0.0, 0.5, 1.0, 7.0, -2.0, math.nan, math.inf, -math.inf]), st.floats(0, 1))
SCALES = st.one_of(st.just(1.0), st.sampled_from([0.01, 100.0, 1e-300, 1e300, 0.0, -1.0, math.nan, math.inf]))


@st.composite
def column(draw: Any, scores: st.SearchStrategy[Any] = ANYTHING) -> tuple[list[Any], Any]:
    """Scores and their groups."""
    n = draw(st.integers(0, 25))
    names = draw(st.lists(NAMES, min_size=n, max_size=n))
    forms = [None, names, ["one"] * n, np.array([hash(g) % 3 for g in names], int)]
    return draw(st.lists(scores, min_size=n, max_size=n)), forms[draw(st.integers(0, len(forms) - 1))]


@settings(max_examples=50)
@given(column(), THRESHOLDS, LEVELS, SCALES)
def test_no_scores_raise_or_give_a_point(
    data: tuple[list[Any], Any], threshold: float, level: float, scale: float
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = mean(*data, level, threshold=threshold, scale=scale)
    assert found.n + found.missing == len(data[0])
    assert found.low < found.high
    assert 0 <= found.p_pass <= 1 and 0 <= found.p_fail <= 1
    if math.isfinite(found.estimate):
        assert found.low <= found.estimate <= found.high


@settings(max_examples=75)
@given(column(st.one_of(SHARES, st.floats(-5, 5))), THRESHOLDS, LEVELS)
def test_interval_and_tests_agree(data: tuple[list[Any], Any], threshold: float, level: float) -> None:
    found, alpha = mean(*data, level, threshold=threshold), (1 - level) / 2
    if found.groups < 2:
        return  # says nothing, not even about what cannot be
    size = max(1.0, abs(found.low), found.high)
    if abs(found.low - threshold) > 1e-9 * size:
        assert (found.low > threshold) == (found.p_pass < alpha)
    if abs(found.high - threshold) > 1e-9 * size:
        assert (found.high < threshold) == (found.p_fail < alpha)


@settings(max_examples=50)
@given(column(SHARES), st.sampled_from([0.1, 0.5, 0.9]))
def test_missing_scores_never_say_more_than_wrong_or_right_in_their_place(
    data: tuple[list[Any], Any], threshold: float
) -> None:
    scores, groups = data
    found = mean(scores, groups, threshold=threshold)
    for value in (0.0, 1.0):
        filled = [value if s is None or math.isnan(s) else s for s in scores]
        other = mean(filled, groups, threshold=threshold)
        assert found.low <= other.low + 1e-12 and other.high <= found.high + 1e-12
        assert found.p_pass >= other.p_pass - 1e-12 and found.p_fail >= other.p_fail - 1e-12


@settings(max_examples=50)
@given(column(SHARES), LEVELS)
def test_wrong_is_right_mirrored(data: tuple[list[Any], Any], level: float) -> None:
    scores, groups = data
    turned = [None if s is None else 1 - s for s in scores]
    one, two = mean(scores, groups, level, threshold=0.3), mean(turned, groups, level, threshold=0.7)
    assert (two.low, two.high) == pytest.approx((1 - one.high, 1 - one.low), abs=1e-9)
    assert (two.p_pass, two.p_fail) == pytest.approx((one.p_fail, one.p_pass), abs=1e-6)


@pytest.mark.parametrize("n", [2, 20, 300])
def test_all_right_is_not_certainty(n: int) -> None:
    from scipy import stats

    found, t = mean([1.0] * n), float(stats.t.ppf(0.975, n - 1))
    assert (found.low, found.high) == pytest.approx((n / (n + t * t), 1.0), abs=1e-9)  # Wilson's with t for z
    wrong = mean([0.0] * n)
    assert (wrong.low, wrong.high) == pytest.approx((0.0, t * t / (n + t * t)), abs=1e-9)


def test_the_interval_is_all_shares_that_the_test_does_not_exclude() -> None:
    scores = [1.0] * 30 + [0.0] * 10
    found = mean(scores)
    assert mean(scores, threshold=found.low).p_pass == pytest.approx(0.025, abs=1e-6)
    assert mean(scores, threshold=found.high).p_fail == pytest.approx(0.025, abs=1e-6)


def test_what_is_missing_is_counted() -> None:
    found = mean([1.0, None, math.nan, 0.0, math.inf])
    assert (found.n, found.missing, found.estimate) == (2, 3, 0.5)


def test_missing_scores_take_a_proof_away() -> None:
    whole, holed = mean([1.0] * 100, threshold=0.9), mean([1.0] * 95 + [None] * 5, threshold=0.9)
    assert whole.p_pass < 0.025 < holed.p_pass
    assert holed.low == pytest.approx(mean([1.0] * 95 + [0.0] * 5).low, abs=1e-12)


@pytest.mark.parametrize("scores", [[], [0.5], [None, math.nan], [1.0, None]])
def test_fewer_than_two_scores_say_nothing(scores: list[Any]) -> None:
    found = mean(scores, threshold=0.001)
    assert (found.low, found.high, found.p_pass, found.p_fail) == (0.0, 1.0, 1.0, 1.0)


def test_copies_within_a_group_add_no_evidence() -> None:
    graded = [0.1, 0.9, 0.3, 0.8, 0.5, 0.7, 0.2, 0.6]
    once, thrice = mean(graded), mean(graded * 3, [str(i) for i in range(8)] * 3)
    assert (thrice.low, thrice.high) == pytest.approx((once.low, once.high))
    assert (thrice.n, thrice.groups) == (24, 8)


def test_one_giant_group_is_one_voice() -> None:
    # All right, ten in one group and ten alone: N^2 / sum of squared sizes = 400 / 110; t = 2.22814 with 10 degrees.
    found = mean([1.0] * 20, ["giant"] * 10 + [None] * 10)
    assert found.effective == pytest.approx(400 / 110)
    assert found.low == pytest.approx(400 / 110 / (400 / 110 + 2.22814**2), abs=1e-5)


def test_several_answers_per_sample_are_one_voice() -> None:
    # 20 samples, half always right and half always wrong, asked five times: 20 voices, not 100.
    scores, samples = np.repeat([1.0, 0.0] * 10, 5), np.repeat(np.arange(20), 5)
    found, pooled, single = mean(scores, samples), mean(scores), mean([1.0, 0.0] * 10)
    assert (found.low, found.high) == pytest.approx((single.low, single.high), abs=1e-12)
    assert found.high - found.low > 2 * (pooled.high - pooled.low)


def test_a_scale_stretches_everything() -> None:
    unit, wide = mean([0.1, 0.4, 0.9, 0.2], threshold=0.2), mean([10, 40, 90, 20], threshold=20, scale=100)
    assert (wide.low, wide.high) == pytest.approx((100 * unit.low, 100 * unit.high))
    assert wide.p_pass == pytest.approx(unit.p_pass)


def test_scores_outside_the_scale_widen_it() -> None:
    above, below = mean([0.5, 3.0, 1.0]), mean([0.5, -3.0, 1.0])
    assert above.low >= 0 and 1 < above.high <= 3
    assert -3 <= below.low < below.estimate == -0.5 < below.high <= 3


@pytest.mark.parametrize("scale", [0.0, -1.0, math.nan, math.inf])
def test_without_a_bound_there_is_no_proof(scale: float) -> None:
    found = mean([1.0] * 100, threshold=0.1, scale=scale)
    assert (found.low, found.high, found.p_pass, found.p_fail) == (0.0, math.inf, 1.0, 1.0)
