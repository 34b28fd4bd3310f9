"""Quantiles are scipy's."""

from __future__ import annotations

import pytest

from fteval.stats.student import normal_quantile, t_quantile


@pytest.mark.parametrize("p", [0.6, 0.9, 0.975, 0.995, 0.9995])
def test_t_quantiles_are_those_of_scipy(p: float) -> None:
    from scipy import stats

    for df in [*range(1, 40), 99, 199, 200, 201, 202, 500, 10_000, 1_000_000]:
        assert t_quantile(p, df) == pytest.approx(float(stats.t.ppf(p, df)), rel=1e-9)


def test_known_values() -> None:
    # Any printed table of Student's t; 1.959964 is the normal's.
    assert t_quantile(0.975, 1) == pytest.approx(12.706, abs=5e-4)
    assert t_quantile(0.975, 30) == pytest.approx(2.042, abs=5e-4)
    assert normal_quantile(0.975) == pytest.approx(1.959964, abs=5e-7)


@pytest.mark.parametrize(("p", "df"), [(0.975, 0), (1.0, 5), (0.2, 5)])
def test_what_has_no_quantile_is_refused(p: float, df: int) -> None:
    with pytest.raises(ValueError):
        t_quantile(p, df)
