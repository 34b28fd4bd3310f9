"""How many samples a gate needs, and what a number of samples can see: the two agree, and with what happens."""

from __future__ import annotations

import math

import pytest
from exact import outcomes
from hypothesis import given
from hypothesis import strategies as st

from fteval.stats import detectable, difference, plan_n, power
from fteval.stats.planning import MOST, unchanged_n

NUMBERS = st.one_of(st.floats(-1, 1), st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 1.0, -1.0, 7.0]))


@pytest.mark.parametrize(("margin", "n"), [(0.05, 76), (0.03, 127), (0.02, 191)])
def test_so_many_samples_pass_a_margin_if_nothing_changes(margin: float, n: int) -> None:
    assert unchanged_n(margin) == n
    assert difference([1.0] * n, [1.0] * n).low > -margin
    assert difference([1.0] * (n - 1), [1.0] * (n - 1)).low <= -margin


def test_no_plan_is_below_what_passes_without_a_change() -> None:
    assert plan_n(0.0, 0.0, -0.05) == 76
    assert plan_n(0.0, 0.0, -0.02, power=0.5) == 191


@pytest.mark.parametrize("margin", [0.0, -0.1, math.nan])
def test_no_number_of_samples_passes_without_a_margin(margin: float) -> None:
    assert unchanged_n(margin) == MOST


@pytest.mark.parametrize(
    ("n", "changed", "effect", "threshold"),
    [(200, 0.15, 0.0, -0.05), (300, 0.3, 0.1, 0.0), (100, 0.2, -0.15, -0.05), (500, 0.05, 0.0, -0.05)],
)
def test_power_is_the_share_of_outcomes_that_decide(n: int, changed: float, effect: float, threshold: float) -> None:
    passes, fails = outcomes(n, changed).rates(changed, effect, threshold)
    assert power(n, changed, effect, threshold) == pytest.approx(passes if effect > threshold else fails, abs=0.05)


@pytest.mark.parametrize("changed", [0.05, 0.15, 0.3])
@pytest.mark.parametrize("threshold", [-0.05, -0.02, 0.0])
@pytest.mark.parametrize("wanted", [0.5, 0.8, 0.95])
def test_planned_samples_have_the_power_and_one_fewer_has_not(changed: float, threshold: float, wanted: float) -> None:
    effect = 0.0 if threshold < 0 else 0.04
    n = plan_n(changed, effect, threshold, wanted)
    assert n is not None
    assert power(n, changed, effect, threshold) >= wanted > power(n - 1, changed, effect, threshold)


@pytest.mark.parametrize("n", [100, 400, 3000])
@pytest.mark.parametrize("threshold", [-0.05, 0.0])
def test_what_n_samples_detect_is_what_n_samples_are_planned_for(n: int, threshold: float) -> None:
    effect = detectable(0.2, n, threshold)
    assert effect is not None
    assert plan_n(0.2, effect, threshold) <= n  # type: ignore[operator]
    assert (plan_n(0.2, effect - 1e-4, threshold) or MOST) > n


def test_groups_that_move_together_need_more_samples() -> None:
    # Five paraphrases with a correlation of 0.3: 1 + 4 * 0.3.
    alone, together = plan_n(0.15, 0.0, -0.05), plan_n(0.15, 0.0, -0.05, deff=2.2)
    assert (alone, together) == (494, pytest.approx(494 * 2.2, abs=2.2))
    assert power(1087, 0.15, 0.0, -0.05, deff=2.2) == pytest.approx(0.8, abs=2e-3)


def test_planning_to_fail_is_planning_to_pass_from_the_other_side() -> None:
    assert plan_n(0.2, -0.12, -0.05) == plan_n(0.2, 0.12, 0.05)
    assert power(300, 0.2, -0.12, -0.05) == power(300, 0.2, 0.12, 0.05)


def test_nothing_settles_a_truth_at_the_threshold() -> None:
    assert plan_n(0.1, -0.05, -0.05) is None
    assert power(10**6, 0.1, -0.05, -0.05) == 0.0
    assert detectable(0.3, 3, 0.0) is None


@given(NUMBERS, NUMBERS, NUMBERS, st.integers(0, 10**7), st.sampled_from([1.0, 3.0, math.nan, math.inf]))
def test_no_question_raises(changed: float, effect: float, threshold: float, n: int, deff: float) -> None:
    wanted = plan_n(changed, effect, threshold, deff=deff)
    assert wanted is None or 0 < wanted <= MOST
    assert 0 <= power(n, changed, effect, threshold, deff=deff) <= 1
    seen = detectable(changed, n, threshold, deff=deff)
    assert seen is None or threshold < seen <= 1
