"""Evidence that may be looked at after every sample: equal to a plain product, valid whatever comes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fteval.stats import EProcess
from fteval.stats.betting import BETS, Risk

SCORES = st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.0, 0.25, 1.0]), max_size=60)


def products(scores: list[float], threshold: float, side: int) -> float:
    """The mixture of fixed bets as it stands in the paper: the mean over bets of a product over samples."""
    most = 1 + threshold if side > 0 else 1 - threshold
    return float(np.mean([np.prod([1 + bet / most * side * (s - threshold) for s in scores]) for bet in BETS]))


@given(SCORES, st.sampled_from([-0.05, -0.02, 0.0, 0.1]))
def test_it_is_the_mean_of_the_products(scores: list[float], threshold: float) -> None:
    process = EProcess(threshold)
    for score in scores:
        process.update(score)
    assert process.evidence("pass") == pytest.approx(products(scores, threshold, 1), rel=1e-9)
    assert process.evidence("fail") == pytest.approx(products(scores, threshold, -1), rel=1e-9)
    assert process.n == len(scores)


@given(SCORES, st.randoms())
def test_the_order_does_not_count_at_the_end(scores: list[float], random: object) -> None:
    mixed = list(scores)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    one, two = EProcess(-0.05), EProcess(-0.05)
    for a, b in zip(scores, mixed, strict=True):
        one.update(a)
        two.update(b)
    assert one.evidence("pass") == pytest.approx(two.evidence("pass"), rel=1e-9)


@given(SCORES)
def test_exchanging_gains_and_losses_exchanges_the_sides(scores: list[float]) -> None:
    one, two = EProcess(-0.05), EProcess(0.05)
    for score in scores:
        one.update(score)
        two.update(-score)
    assert one.evidence("pass") == pytest.approx(two.evidence("fail"), rel=1e-9)


def test_a_group_is_one_bet_at_the_size_of_the_largest() -> None:
    # Three gains of four in one group, the largest has eight: 1 + b * (3 + 0.05 * 4) / 8, with b over 1 - 0.05.
    process = EProcess(-0.05, largest=8)
    process.update(3.0, 4)
    expected = np.mean([1 + bet / 0.95 * (3 + 0.05 * 4) / 8 for bet in BETS])
    assert process.evidence("pass") == pytest.approx(float(expected))
    assert process.n == 1


def test_a_decision_stands() -> None:
    process = EProcess(-0.05)
    while process.update(1.0) is None:
        pass
    # All gains: 0.2 of 2.5 % is 200 to win; (1 + 0.95 / 0.95 * 1.05)^9 / 8 = 80, one more gives 164, another 335.
    assert (process.decision, process.n) == ("pass", 11)
    for _ in range(1000):
        process.update(-1.0)
    assert process.decision == "pass" and process.evidence("pass") < 1


def test_more_gates_must_win_more_to_fail_and_as_much_to_pass() -> None:
    one, five = EProcess(-0.05), EProcess(-0.05, Risk(gates=5))
    assert one.stakes == pytest.approx({"pass": 200, "fail": 200})
    assert five.stakes == pytest.approx({"pass": 200, "fail": 1000})


def test_more_candidates_must_win_more_to_pass_and_as_much_to_fail() -> None:
    assert EProcess(-0.05, Risk(candidates=5)).stakes == pytest.approx({"pass": 1000, "fail": 200})


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_a_missing_score_helps_neither_side(score: float) -> None:
    missing, worst, best = EProcess(-0.05), EProcess(-0.05), EProcess(-0.05)
    for _ in range(40):
        missing.update(score)
        worst.update(-1.0)
        best.update(1.0)
    assert missing.decision is None
    assert missing.evidence("pass") == worst.evidence("pass") < 0.2
    assert missing.evidence("fail") == best.evidence("fail") < 0.2


def test_levels_between_other_bounds() -> None:
    # Shares of one model against 90 %: nineteen of twenty right, as in a game with odds of 0.1 / 0.9.
    process = EProcess(0.9, low=0.0, high=1.0)
    for score in [1.0] * 19 + [0.0]:
        process.update(score)
    expected = np.mean([(1 + bet * 0.1 / 0.9) ** 19 * (1 - bet) for bet in BETS])
    assert process.evidence("pass") == pytest.approx(float(expected))


def test_long_runs_overflow_nowhere() -> None:
    process = EProcess(-0.05)
    for _ in range(5000):
        process.update(1.0)
    assert math.isfinite(process.evidence("pass")) and process.evidence("pass") > 1e300
    assert 0 <= process.evidence("fail") < 1e-10


@pytest.mark.parametrize("threshold", [-1.0, 1.0, -2.0, 2.0])
def test_what_cannot_be_otherwise_is_decided_and_the_end_of_the_scale_waits(threshold: float) -> None:
    process = EProcess(threshold)
    decision = process.update(0.0)
    assert decision == ("pass" if threshold < 0 else "fail")
    still = EProcess(-1.0)
    assert [still.update(-1.0) for _ in range(50)] == [None] * 50  # a difference of -1 is not more than -1


@pytest.mark.parametrize(
    "wrong",
    [
        {"threshold": math.nan},
        {"low": 1.0, "high": -1.0},
        {"high": math.inf},
        {"largest": 0},
    ],
)
def test_bounds_that_are_none_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        EProcess(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"gates": 0}, {"candidates": 0}, {"level": 1.0}, {"level": 0.0}, {"share": 0.0}])
def test_an_error_that_is_none_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        Risk(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [0, 3])
def test_a_group_beyond_the_largest_is_refused(size: int) -> None:
    with pytest.raises(ValueError):
        EProcess(largest=2).update(1.0, size)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["right or wrong", "rare collapse", "groups", "graded"])
def test_a_true_threshold_is_crossed_in_no_more_than_its_share(kind: str) -> None:
    """0.5 % per side, for ever; 1,000 looks here, 2,000 runs: 0.5 % and three standard errors are 0.97 %."""
    rng, runs, n = np.random.default_rng(8), 2000, 1000
    crossed = {"pass": 0, "fail": 0}
    for _ in range(runs):
        if kind == "right or wrong":
            scores, threshold, size = rng.choice([-1.0, 0.0, 1.0], p=[0.1, 0.85, 0.05], size=n), -0.05, 1
        elif kind == "rare collapse":
            scores, threshold, size = np.where(rng.random(n) < 0.02, -1.0, 0.01), -0.02 + 0.98 * 0.01, 1
        elif kind == "groups":
            scores, threshold, size = 5 * rng.choice([-1.0, 0.0, 1.0], p=[0.15, 0.75, 0.1], size=n), -0.05, 5
        else:
            scores, threshold, size = rng.beta(2, 3, n) - 0.45, -0.05, 1
        process = EProcess(threshold, largest=size)
        for score in scores.tolist():
            if decided := process.update(score, size):
                crossed[decided] += 1
                break
    limit = 0.005 + 3 * math.sqrt(0.005 * 0.995 / runs)
    assert max(crossed.values()) / runs <= limit, crossed
