"""A difference over samples and trainings: against statsmodels, scipy, and simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as scipy_stats

from fteval.records import Metric
from fteval.stats.change import measure
from fteval.stats.pairing import Columns
from fteval.stats.trainings import averaged

SHARE = Metric("correct", primary=True)
WORDS = Metric("words", unit="words")


def columns(base: list[float | None], candidate: list[float | None]) -> Columns:
    ids = [str(i) for i in range(len(base))]
    return Columns(ids, base, candidate, [None] * len(ids))


def crossed(n: int, k: int, seed: int, samples: float = 3.0, trainings: float = 2.0, rest: float = 4.0) -> np.ndarray:
    """Differences of n samples after k trainings, around 0: an effect of each, and what is left."""
    rng = np.random.default_rng(seed)
    return rng.normal(0, samples, (n, 1)) + rng.normal(0, trainings, (1, k)) + rng.normal(0, rest, (n, k))


def of(changes: np.ndarray, metric: Metric = WORDS) -> tuple[float, float, float]:
    found = averaged(metric, [columns([0.0] * len(changes), list(turn)) for turn in changes.T])
    assert found.difference is not None and found.low is not None and found.high is not None
    return found.difference, found.low, found.high


def test_one_training_is_the_paired_difference_of_the_reports() -> None:
    base, new = [1.0] * 50 + [0.0] * 50, [1.0] * 40 + [0.0] * 30 + [1.0] * 30
    one = columns(base, new)
    found, known = averaged(SHARE, [one]), measure(SHARE, one)
    assert (found.difference, found.low, found.high) == (known.found.estimate, known.low, known.high)
    assert found.turns == (0.7,)


def test_trainings_that_all_answer_alike_are_as_sure_as_one() -> None:
    """Nothing is to be seen between them, and a copy of a training is no new sample."""
    one = columns([0.0] * 80, [1.0] * 30 + [0.0] * 50)
    found = averaged(SHARE, [one] * 3)
    alone = averaged(SHARE, [one])
    assert (found.low, found.high) == pytest.approx((alone.low, alone.high))


def test_the_trainings_share_is_students_interval_of_their_means() -> None:
    """Samples that all change alike leave nothing open but the trainings: scipy's interval for three numbers."""
    means = np.array([4.0, 6.5, 5.0])
    changes = np.repeat(means[None, :], 400, axis=0) + np.random.default_rng(0).normal(0, 1e-6, (400, 3))
    low, high = scipy_stats.t.interval(0.95, 2, means.mean(), means.std(ddof=1) / np.sqrt(3))
    assert of(changes) == pytest.approx((means.mean(), low, high), abs=1e-3)


def test_both_variances_are_those_of_the_crossed_analysis_of_variance() -> None:
    """statsmodels' mean squares of samples and trainings: their sum over n k is what the interval rests on."""
    pandas = pytest.importorskip("pandas")
    formula = pytest.importorskip("statsmodels.formula.api")
    from statsmodels.stats.anova import anova_lm

    n, k = 30, 4
    changes = crossed(n, k, seed=5)
    rows = [{"y": changes[i, j], "sample": i, "training": j} for i in range(n) for j in range(k)]
    table = anova_lm(formula.ols("y ~ C(sample) + C(training)", pandas.DataFrame(rows)).fit())["mean_sq"]
    by_samples, by_trainings = table["C(sample)"] / (n * k), table["C(training)"] / (n * k)
    estimate, low, high = of(changes)
    t = [scipy_stats.t.ppf(0.975, df) for df in (n - 1, k - 1)]
    # The samples' own interval is widened where few vary (stats/unbounded.py), which these do not.
    half = np.hypot(t[0] * np.sqrt(by_samples), t[1] * np.sqrt(by_trainings))
    assert (low, high) == pytest.approx((estimate - half, estimate + half), rel=1e-6)


def test_the_interval_holds_the_truth_as_often_as_it_says_and_samples_alone_would_not() -> None:
    """The truth is 0 over all samples and trainings; at least 35 of 40 hold it (fewer by chance in 1 of 70)."""
    held, naive, experiments = 0, 0, 40
    for seed in range(experiments):
        changes = crossed(60, 3, seed)
        _, low, high = of(changes)
        held += low <= 0 <= high
        _, low, high = of(changes.mean(axis=1, keepdims=True))
        naive += low <= 0 <= high
    assert held >= 0.875 * experiments
    assert naive < 0.75 * experiments


@pytest.mark.slow
@pytest.mark.parametrize(("n", "k"), [(60, 3), (200, 5)])
def test_the_interval_holds_the_truth_in_many_experiments(n: int, k: int) -> None:
    intervals = [of(crossed(n, k, seed)) for seed in range(300)]
    assert sum(low <= 0 <= high for _, low, high in intervals) >= 0.93 * 300


def test_a_sample_without_a_score_after_one_training_counts_as_missing() -> None:
    base: list[float | None] = [0.0] * 40
    whole, holed = [1.0] * 40, [None, *[1.0] * 39]
    found = averaged(SHARE, [columns(base, list(whole)), columns(base, list(holed))])
    assert found.n == 39 and found.difference == 1.0
    assert found.low is not None and found.low < (averaged(SHARE, [columns(base, list(whole))] * 2).low or 0)


def test_nothing_scored_is_no_number() -> None:
    found = averaged(SHARE, [columns([None] * 5, [1.0] * 5)] * 2)
    assert (found.n, found.difference, found.turns) == (0, None, (None, None))
