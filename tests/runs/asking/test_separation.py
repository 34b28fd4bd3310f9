"""Where the line between good and bad answers is drawn, and when there is none."""

from __future__ import annotations

import random

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from fteval.runs.asking.separation import FEWEST, auc, limit, quantile


def test_the_area_is_mann_and_whitney_s_u_over_all_pairs() -> None:
    draw = random.Random(1)
    low, high = [[draw.choice(range(9)) / 2 for _ in range(n)] for n in (37, 53)]
    expected = mannwhitneyu(high, low).statistic / len(low) / len(high)
    assert auc(low, high) == pytest.approx(expected)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.95, 1.0])
def test_the_quantile_is_numpy_s(share: float) -> None:
    values = [random.Random(2).gauss(0, 1) for _ in range(41)]
    assert quantile(values, share) == pytest.approx(np.quantile(values, share))


def test_the_line_leaves_the_wanted_share_of_the_bad_ones_on_the_good_side() -> None:
    good, bad = [float(i) for i in range(50)], [float(i) for i in range(100, 200)]
    above = limit(good, bad, 0.5, high_is_bad=True)
    assert (above.value, above.auc, above.false_alarms, above.reason) == (149.5, 1.0, 0.0, None)
    below = limit(bad, good, 0.1, high_is_bad=False)
    assert below.value == pytest.approx(44.1) and below.auc == 1.0


def test_good_answers_beyond_the_line_are_counted_as_false_alarms() -> None:
    found = limit([*([0.0] * 95), *([300.0] * 5)], [200.0] * 100, 0.5, high_is_bad=True)
    assert found.value == 200 and found.auc == 0.95 and found.false_alarms == 0.05


def test_a_number_that_does_not_tell_them_apart_gives_no_line() -> None:
    draw = random.Random(3)
    good, bad = [[draw.gauss(mean, 1) for _ in range(200)] for mean in (0, 1)]  # AUC of a shift of one: .76
    found = limit(good, bad, 0.5, high_is_bad=True)
    assert found.value is None and found.auc is not None and 0.7 < found.auc < 0.82
    assert found.reason is not None and "cannot tell good answers from bad ones (AUC 0." in found.reason


def test_too_few_answers_give_no_line_and_no_area() -> None:
    found = limit([0.0] * (FEWEST - 1), [1.0] * 100, 0.5, high_is_bad=True)
    assert found.value is None and found.auc is None and found.reason is not None and "39 answers" in found.reason
    assert limit([0.0] * FEWEST, [1.0] * FEWEST, 0.5, high_is_bad=True).value == 1.0
