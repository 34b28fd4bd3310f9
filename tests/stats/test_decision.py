"""What several rules say together."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from fteval.stats import decide, difference, holm, mean


@dataclass(frozen=True)
class Rule:
    """The two tests of a rule."""

    p_pass: float
    p_fail: float


GOOD, BAD, OPEN, NONE = Rule(0.001, 0.999), Rule(0.999, 0.001), Rule(0.3, 0.7), Rule(math.nan, math.nan)
NARROW = Rule(0.98, 0.02)
"""Fails alone, not as one of several."""


@pytest.mark.parametrize(
    ("rules", "result"),
    [
        ([], "inconclusive"),
        ([GOOD], "pass"),
        ([GOOD] * 20, "pass"),
        ([GOOD, OPEN], "inconclusive"),
        ([GOOD, BAD], "fail"),
        ([OPEN, BAD], "fail"),
        ([BAD, NONE], "fail"),
        ([GOOD, NONE], "inconclusive"),
        ([NONE], "inconclusive"),
        ([NARROW], "fail"),
        ([NARROW, GOOD], "inconclusive"),
        ([NARROW, BAD], "fail"),
        ([Rule(0.0251, 0.9749)], "inconclusive"),
        ([Rule(0.0249, 0.9751)], "pass"),
    ],
)
def test_all_must_pass_and_any_may_fail(rules: list[Rule], result: str) -> None:
    for order in itertools.islice(itertools.permutations(rules), 24):
        assert decide(list(order)).result == result


def test_every_rule_is_named_once() -> None:
    found = decide({"a": GOOD, "b": BAD, "c": OPEN, "d": NARROW})
    assert (found.passed, found.failed, found.open) == (("a",), ("b",), ("c", "d"))
    assert decide([GOOD, OPEN]).open == (1,)


def test_holm_goes_on_after_a_rejection() -> None:
    # 0.02 is too much for one of two, but not for the last one left.
    assert decide({"b": BAD, "d": NARROW}).failed == ("b", "d")


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.sampled_from([0.01, 0.025, 0.05, 0.5]))
def test_holm_is_that_of_statsmodels(p_values: list[float], alpha: float) -> None:
    expected, adjusted, _, _ = multipletests(p_values, alpha, method="holm")
    if min(abs(adjusted - alpha)) > 1e-12:  # exactly at alpha they reject, and we do not
        assert holm(p_values, alpha) == expected.tolist()


def test_what_is_no_number_is_never_rejected_and_still_counts() -> None:
    assert holm([math.nan, 0.02], 0.025) == [False, False]
    assert holm([math.nan, 0.012], 0.025) == [False, True]


def test_a_higher_level_asks_for_more() -> None:
    assert decide([Rule(0.01, 0.99)], level=0.95).result == "pass"
    assert decide([Rule(0.01, 0.99)], level=0.99).result == "inconclusive"


def test_differences_and_means_are_rules() -> None:
    rng = np.random.default_rng(0)
    base = (rng.random(400) < 0.8).astype(float)
    rules = {
        "guard": difference(base, base, threshold=-0.05),
        "level": mean(base, threshold=0.6),
        "gain": difference(base, base, threshold=0.1),
    }
    found = decide(rules)
    assert (found.result, found.passed, found.failed) == ("fail", ("guard", "level"), ("gain",))
