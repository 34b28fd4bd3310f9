"""Published numbers to the printed digit, and identities with other libraries."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize, stats

from fteval.stats import EProcess, difference, mean, plan_n
from fteval.stats.student import normal_quantile
from fteval.stats.tango import effective, tango_interval, tango_z, wilson_interval

Z = normal_quantile(0.975)


@pytest.mark.parametrize(
    ("table", "level", "low", "high", "digits"),
    # (n11, n12, n21, n22), difference p1 - p2. Values as printed in the papers and in the tests of the R packages
    # ratesci and contingencytables, which cite them.
    [
        ((4, 9, 3, 16), 0.95, -0.027, 0.390, 3),  # Tango 1998, table VII
        ((43, 0, 1, 0), 0.90, -0.096, 0.037, 3),  # Tango 1998, table V
        ((53, 16, 8, 9), 0.95, -0.020, 0.207, 3),  # Agresti & Min 2005
        ((1, 1, 7, 12), 0.95, -0.517, -0.026, 3),  # Fagerland, Lydersen & Laake 2014
        ((59, 6, 16, 80), 0.95, -0.1240, -0.0054, 4),  # Cavo et al. 2012
        ((8, 3, 1, 2), 0.95, -0.1670, 0.4327, 4),  # Tang et al. 2010
        ((7, 25, 2, 68), 0.95, 0.139, 0.321, 3),  # Chang et al. 2024
        ((0, 3, 0, 0), 0.95, -0.1230, 1.0, 4),  # ratesci: nothing but gains
    ],
)
def test_tangos_interval(table: tuple[int, int, int, int], level: float, low: float, high: float, digits: int) -> None:
    _, gains, losses, _ = table
    found = tango_interval(gains, losses, sum(table), normal_quantile((1 + level) / 2))
    assert [round(float(end), digits) for end in found] == [low, high]


@pytest.mark.parametrize("n", [1, 20, 50, 1000])
def test_tangos_interval_without_a_change_has_a_closed_form(n: int) -> None:
    half = Z**2 / (n + Z**2)
    assert tango_interval(0, 0, n, Z) == pytest.approx((-half, half), abs=1e-12)


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    # Newcombe 1998, Statistics in Medicine 17:857, method 3.
    [(15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718), (81, 263, 0.2553, 0.3662)],
)
def test_wilsons_interval(right: int, n: int, low: float, high: float) -> None:
    found = wilson_interval(right / n, n, Z)
    assert [round(float(end), 4) for end in found] == [low, high]
    expected = stats.binomtest(right, n).proportion_ci(method="wilson")
    assert found == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_at_no_difference_the_score_statistic_is_mcnemars() -> None:
    from statsmodels.stats.contingency_tables import mcnemar

    found = 2 * stats.norm.sf(abs(float(tango_z(6, 16, 161, 0.0))))
    assert round(found, 6) == 0.033006  # Cavo et al. 2012, asymptotic
    assert found == pytest.approx(mcnemar([[59, 6], [16, 80]], exact=False, correction=False).pvalue, abs=1e-12)


@pytest.mark.parametrize(("gains", "losses", "n"), [(9, 3, 32), (0, 1, 44), (1, 7, 21), (25, 2, 102), (0, 0, 30)])
@pytest.mark.parametrize("threshold", [-0.4, -0.05, 0.02, 0.3])
def test_the_score_statistic_is_at_the_most_likely_truth(gains: int, losses: int, n: int, threshold: float) -> None:
    """The closed form against a search for the share of losses that is likeliest if the difference is the threshold."""

    def unlikely(lost: float) -> float:
        shares = (lost + threshold, lost, 1 - 2 * lost - threshold)
        return -sum(k * math.log(p) for k, p in zip((gains, losses, n - gains - losses), shares, strict=True) if k)

    ends = max(0.0, -threshold), (1 - threshold) / 2
    lost = optimize.minimize_scalar(
        unlikely, bounds=(ends[0] + 1e-12, ends[1] - 1e-12), method="bounded", options={"xatol": 1e-12}
    ).x
    expected = (gains - losses - n * threshold) / math.sqrt(n * (2 * lost + threshold - threshold**2))
    assert float(tango_z(gains, losses, n, threshold)) == pytest.approx(expected, rel=1e-5)


def test_the_jackknife_is_statsmodels_clustered_error_for_groups_of_one_size() -> None:
    import statsmodels.api as sm

    rng = np.random.default_rng(1)
    change = np.clip(np.repeat(rng.normal(0, 0.2, 40), 5) + rng.normal(0, 0.1, 200), -1, 1)
    groups = np.repeat(np.arange(40), 5)
    fit = sm.OLS(change, np.ones(200)).fit(cov_type="cluster", cov_kwds={"groups": groups, "df_correction": True})
    found = effective(change.reshape(40, 5).sum(1), np.full(40, 5.0))
    assert float(found.se) == pytest.approx(float(fit.bse[0]), abs=1e-9)
    assert found.estimate == pytest.approx(float(fit.params[0]), abs=1e-12)


def test_right_or_wrong_samples_without_groups_are_tangos_counts() -> None:
    base, candidate = [1.0] * 75 + [0.0] * 86, [1.0] * 59 + [0.0] * 16 + [1.0] * 6 + [0.0] * 80
    found = difference(base, candidate)
    assert (found.n, found.gains, found.losses) == (161, 6, 16)
    assert found.effective == pytest.approx(161, abs=1.1)
    # Tango's -.1240, -.0054, a little wider by Student's t with 160 degrees of freedom.
    assert (found.low, found.high) == pytest.approx((-0.1240, -0.0054), abs=1.5e-3)


def test_right_or_wrong_scores_of_one_model_are_wilsons() -> None:
    expected = stats.binomtest(15, 148).proportion_ci(method="wilson")
    found = mean([1.0] * 15 + [0.0] * 133)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-3)


def test_the_stake_grows_like_confseqs() -> None:
    # 16 ones and 4 zeros against a mean of one half, a bet of one half: confseq.betting gives 1.25^16 * 0.75^4.
    process = EProcess(0.5, low=0.0, high=1.0, bets=(0.25,))  # a quarter of the most: 0.25 / (0.5 - 0)
    for score in [1.0] * 16 + [0.0] * 4:
        process.update(score)
    assert round(process.evidence("pass"), 4) == 11.2410


@pytest.mark.parametrize(
    ("changed", "effect", "threshold", "n"),
    # Score test with the variance under the null (Nam 1997).
    [
        (0.05, 0.0, -0.05, 215),
        (0.10, 0.0, -0.05, 350),
        (0.15, 0.0, -0.05, 494),
        (0.30, 0.0, -0.05, 949),
        (0.05, 0.0, -0.03, 512),
        (0.10, 0.0, -0.03, 913),
        (0.15, 0.0, -0.03, 1333),
        (0.02, 0.0, -0.02, 549),
        (0.05, 0.0, -0.02, 1067),
        (0.10, 0.0, -0.02, 2005),
        (0.15, 0.0, -0.02, 2969),
        (0.30, 0.0, -0.02, 5894),
        (0.10, 0.05, 0.0, 312),
        (0.30, 0.1, 0.0, 234),
    ],
)
def test_planned_samples(changed: float, effect: float, threshold: float, n: int) -> None:
    assert plan_n(changed, effect, threshold) == n


def test_planned_samples_are_millers_where_both_variances_agree() -> None:
    # Miller 2024 (arXiv:2411.00640) plans 969 for 3 points with a variance of 1/9, under the null and in truth alike.
    # Ours is smaller in truth by the square of the effect, 0.8 % of it.
    assert plan_n(1 / 9, 0.03, 0.0) == pytest.approx(969, rel=0.005)
