"""How much of the uncertainty is the models' own dice."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fteval.stats import noise_split
from fteval.stats.noise import within_variance


def test_by_hand() -> None:
    base, candidate = [[0, 1], [1, 1], [0, 0]], [[1, 1], [0, 1], [1, 1]]
    # Within: base (0.5 + 0 + 0) / 3 / 2 answers, candidate (0 + 0.5 + 0) / 3 / 2. Differences 0.5, -0.5, 1: 7 / 12.
    assert noise_split(base, candidate) == pytest.approx((0.5 / 6 + 0.5 / 6) / (7 / 12))


@pytest.mark.parametrize(
    ("spread", "answers", "expected"),
    # Prompts differ by `spread`, answers by dice of variance 0.25: the share is 0.5 / k over 0.5 / k + spread^2.
    [(0.0, 2, 1.0), (0.5, 2, 0.5), (0.5, 8, 0.2), (2.0, 2, 0.25 / 4.25)],
)
def test_it_is_the_share_that_was_put_in(spread: float, answers: int, expected: float) -> None:
    rng = np.random.default_rng(0)
    shift = rng.normal(0, spread, (40_000, 1))
    base, candidate = rng.normal(0, 0.5, (40_000, answers)), shift + rng.normal(0, 0.5, (40_000, answers))
    assert noise_split(base, candidate) == pytest.approx(expected, abs=0.02)


def test_more_answers_would_take_it_away() -> None:
    # 8 % noise: add prompts; 62 %: add answers. The mean over answers is what shrinks.
    rng = np.random.default_rng(1)
    easy = rng.beta(0.4, 0.15, (5000, 1))
    few, many = (noise_split(rng.random((5000, k)) < easy, rng.random((5000, k)) < easy[::-1]) for k in (2, 32))
    assert few > 5 * many


@pytest.mark.parametrize(
    ("base", "candidate"),
    [
        ([[0], [1]], [[1], [1]]),  # one answer each
        ([0, 1, 1], [1, 0, 1]),  # a plain column is one answer each, not one sample
        ([[0, 1], [1, 0]], [[1], [1]]),
        ([[1, 1], [1, 1]], [[1, 1], [1, 1]]),  # nothing varies
        ([], []),
        ([[None, 1], [1, None]], [[1, 1], [0, 1]]),
    ],
)
def test_where_it_cannot_be_known_it_is_no_number(base: list[object], candidate: list[object]) -> None:
    assert math.isnan(noise_split(base, candidate))


def test_missing_answers_are_left_out_one_by_one() -> None:
    whole, holed = [[0, 1, 0, 1], [1, 1, 1, 1]], [[0, 1, None, math.nan], [1, 1, 1, None]]
    assert within_variance(np.array(whole, float)) == pytest.approx((1 / 3 / 4 + 0) / 2)
    assert within_variance(np.array(holed, float)) == pytest.approx((1 / 2 / 2 + 0) / 2)


def test_different_numbers_of_samples_are_refused() -> None:
    with pytest.raises(ValueError):
        noise_split([[0, 1]], [[0, 1], [1, 1]])
    with pytest.raises(ValueError):
        noise_split([0, 1], [0, 1, 1])
