"""Quantiles and tails are scipy's."""

from __future__ import annotations

import pytest
from scipy import stats

from fteval.stats.student import normal_quantile, t_quantile, t_tails


@pytest.mark.parametrize("p", [0.5, 0.6, 0.75, 0.9, 0.975, 0.98, 0.99875, 0.9995, 0.999999])
def test_t_quantiles_are_those_of_scipy(p: float) -> None:
    for df in [*range(1, 40), 99, 199, 200, 299, 300, 301, 302, 500, 10_000, 1_000_000]:
        assert t_quantile(p, df) == pytest.approx(float(stats.t.ppf(p, df)), rel=2e-9, abs=1e-12)


@pytest.mark.parametrize("df", [1, 2, 7, 60, 999, 1_000_000])
@pytest.mark.parametrize("z", [-40.0, -1.96, -1e-9, 0.0, 0.3, 2.5, 12.0])
def test_tails_are_those_of_scipy(z: float, df: int) -> None:
    assert t_tails(z, df) == pytest.approx((stats.t.sf(z, df), stats.t.cdf(z, df)), rel=1e-9)


@pytest.mark.parametrize("df", [1, 5, 300, 301, 5000])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.9975, 0.999])
def test_the_tail_beyond_a_quantile_is_its_share(level: float, df: int) -> None:
    # Interval and test of a gate must never disagree: one is made of quantiles, the other of tails.
    assert t_tails(t_quantile((1 + level) / 2, df), df)[0] == pytest.approx((1 - level) / 2, rel=1e-7)


def test_known_values() -> None:
    # Any printed table of Student's t; 1.959964 is the normal's.
    assert t_quantile(0.975, 1) == pytest.approx(12.706, abs=5e-4)
    assert t_quantile(0.975, 30) == pytest.approx(2.042, abs=5e-4)
    assert normal_quantile(0.975) == pytest.approx(1.959964, abs=5e-7)


@pytest.mark.parametrize(("p", "df"), [(0.975, 0), (1.0, 5), (0.2, 5)])
def test_what_has_no_quantile_is_refused(p: float, df: int) -> None:
    with pytest.raises(ValueError):
        t_quantile(p, df)
