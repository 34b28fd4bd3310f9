"""Gaffke's bound: exact where exact tests exist, and never in error more often than it says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fteval.stats.gaffke import alike, lowest, tail

ALPHA = 0.025


@pytest.mark.parametrize("n", [5, 20, 72, 200])
@pytest.mark.parametrize("loss", [0.02, 0.05, 0.1])
def test_nothing_lost_is_as_likely_as_clopper_and_pearson_say(n: int, loss: float) -> None:
    # All of n ties: a loss that is complete wherever it is hits none of them with chance (1 - loss)^n.
    assert float(tail(np.zeros(n), np.ones(n), -loss)) == pytest.approx((1 - loss) ** n, rel=0.04)


@pytest.mark.parametrize(("gains", "losses"), [(6, 0), (5, 0), (10, 3), (20, 10), (60, 40), (3, 9)])
def test_at_no_difference_it_is_the_exact_mcnemar_test(gains: int, losses: int) -> None:
    changes = np.array([1.0] * gains + [-1.0] * losses + [0.0] * 50)
    exact = stats.binomtest(gains, gains + losses, alternative="greater").pvalue
    assert float(tail(changes, np.ones_like(changes), 0.0)) == pytest.approx(exact, rel=0.03)
    beyond = stats.binom.sf(gains, gains + losses, 0.5)
    mid = (exact + beyond) / 2
    assert float(tail(changes, np.ones_like(changes), 0.0, even=True)) == pytest.approx(mid, rel=0.06)


def test_the_least_mean_is_where_the_tail_is_alpha() -> None:
    rng = np.random.default_rng(0)
    for column in (rng.choice([-1.0, 0.0, 1.0], 300), rng.uniform(-0.2, 0.5, 90), np.zeros(76), np.ones(40)):
        sizes = rng.integers(1, 4, len(column)).astype(float)
        low = lowest(*alike(column * sizes, sizes), ALPHA)
        assert -1 < low < (column * sizes).sum() / sizes.sum()
        assert float(tail(column * sizes, sizes, low)) == pytest.approx(ALPHA, rel=1e-6)


def test_ten_thousand_different_scores_are_rounded_and_say_the_same() -> None:
    column = np.random.default_rng(1).uniform(-0.4, 0.5, 10_000)
    low = lowest(*alike(column, np.ones_like(column)), ALPHA)
    assert float(tail(column, np.ones_like(column), low)) == pytest.approx(ALPHA, rel=0.02)


def test_what_only_lost_shows_nothing_and_what_only_gained_shows_all_but_the_unseen() -> None:
    assert float(tail(-np.ones(30), np.ones(30), 0.0)) == 1.0
    # One unseen sample against n that gained all: 2 × its weight, of which n + 1 share one.
    assert lowest(*alike(np.ones(40), np.ones(40)), ALPHA) == pytest.approx(1 - 2 * (1 - ALPHA ** (1 / 40)), abs=1e-3)
