"""Paired differences: what their interval and their tests may never do, against hand arithmetic and brute force."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from fteval.stats import Difference, difference, mean
from fteval.stats.student import t_quantile

NOTHING = [None, math.nan, math.inf, -math.inf]
SHARES = st.one_of(st.sampled_from([0.0, 1.0, 0.5, -0.0, None, math.nan]), st.floats(0, 1))
ANYTHING = st.one_of(SHARES, st.sampled_from(NOTHING), st.floats(), st.integers(-3, 3), st.booleans())
NAMES: st.SearchStrategy[Any] = st.one_of(st.none(), st.integers(0, 3), st.sampled_from(["a", "b", "", "0"]))
LEVELS = st.one_of(st.just(0.95), st.floats(0.5, 0.999))
THRESHOLDS = st.one_of(st.sampled_from([0.0, -0.05, 0.05, -1.0, 1.0, math.nan, math.inf, -math.inf]), st.floats())
SCALES = st.one_of(st.just(1.0), st.sampled_from([0.01, 100.0, 1e-300, 1e300, 0.0, -1.0, math.nan, math.inf]))


@st.composite
def columns(draw: Any, scores: st.SearchStrategy[Any] = ANYTHING, most: int = 25) -> tuple[list[Any], list[Any], Any]:
    """Two columns of scores and their groups, in every form in which groups come."""
    n = draw(st.integers(0, most))
    base, candidate = (draw(st.lists(scores, min_size=n, max_size=n)) for _ in range(2))
    names = draw(st.lists(NAMES, min_size=n, max_size=n))
    forms = [None, names, ["one"] * n, np.array([hash(g) % 3 for g in names], int), np.array([str(g) for g in names])]
    return base, candidate, forms[draw(st.integers(0, len(forms) - 1))]


def strictly(base: Any, candidate: Any, groups: Any = None, *rest: Any) -> Difference:
    """`difference` with every warning of numpy an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return difference(base, candidate, groups, *rest)


@settings(max_examples=50)
@given(columns(), THRESHOLDS, LEVELS, SCALES)
def test_no_scores_raise_or_give_a_point(
    data: tuple[list[Any], list[Any], Any], threshold: float, level: float, scale: float
) -> None:
    found = strictly(*data, threshold, level, scale)
    assert found.n + found.missing == len(data[0])
    assert found.low < found.high
    assert 0 <= found.p_pass <= 1 and 0 <= found.p_fail <= 1
    assert found.gains + found.losses == found.changed <= found.n
    if math.isfinite(found.estimate):
        assert found.low <= found.estimate <= found.high


@settings(max_examples=75)
@given(columns(), THRESHOLDS, LEVELS, st.sampled_from([1.0, 3.0, 0.01]))
def test_interval_and_tests_agree(
    data: tuple[list[Any], list[Any], Any], threshold: float, level: float, scale: float
) -> None:
    found, alpha = strictly(*data, threshold, level, scale), (1 - level) / 2
    if found.groups < 2:
        return  # says nothing, not even about what cannot be
    if abs(found.low - threshold) > 1e-9 * found.scale:
        assert (found.low > threshold) == (found.p_pass < alpha)
    if abs(found.high - threshold) > 1e-9 * found.scale:
        assert (found.high < threshold) == (found.p_fail < alpha)


@settings(max_examples=50)
@given(columns(), st.floats(-1, 1), LEVELS)
def test_swapping_the_sides_mirrors_everything(
    data: tuple[list[Any], list[Any], Any], threshold: float, level: float
) -> None:
    base, candidate, groups = data
    one = strictly(base, candidate, groups, threshold, level)
    two = strictly(candidate, base, groups, -threshold, level)
    assert (one.gains, one.losses, one.n, one.groups) == (two.losses, two.gains, two.n, two.groups)
    if math.isfinite(one.scale):
        assert (two.low, two.high) == pytest.approx((-one.high, -one.low), abs=1e-9 * one.scale)
        assert (two.p_pass, two.p_fail) == pytest.approx((one.p_fail, one.p_pass), abs=1e-6)


@settings(max_examples=50)
@given(columns(SHARES), st.sampled_from([-0.3, -0.05, 0.0, 0.2]))
def test_missing_scores_never_say_more_than_the_worst_or_the_best_in_their_place(
    data: tuple[list[Any], list[Any], Any], threshold: float
) -> None:
    base, candidate, groups = data
    found = strictly(base, candidate, groups, threshold)
    for new, old in ((0.0, 1.0), (1.0, 0.0)):
        filled = strictly(_filled(base, old), _filled(candidate, new), groups, threshold)
        assert found.low <= filled.low + 1e-12 and filled.high <= found.high + 1e-12
        assert found.p_pass >= filled.p_pass - 1e-12 and found.p_fail >= filled.p_fail - 1e-12


def _filled(scores: list[Any], value: float) -> list[float]:
    return [value if s is None or math.isnan(s) else float(s) for s in scores]


@pytest.mark.parametrize("scores", [(0.0, 1.0), (0.0, 0.5, 1.0)], ids=["right or wrong", "graded"])
@pytest.mark.parametrize("seed", range(6))
def test_without_groups_nothing_in_their_place_says_less_than_missing_scores(
    seed: int, scores: tuple[float, ...]
) -> None:
    """Every way to fill three missing scores with what scores can be."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 40))
    base, candidate = (rng.choice(scores, n) for _ in range(2))
    holes = rng.choice(n, 3, replace=False)
    candidate[holes] = np.nan
    found = difference(base, candidate)
    for values in itertools.product(scores, repeat=3):
        whole = candidate.copy()
        whole[holes] = values
        filled = difference(base, whole)
        assert found.low <= filled.low + 1e-12 and filled.high <= found.high + 1e-12


def test_missing_scores_take_a_proof_away() -> None:
    base = [1.0] * 200
    whole, holed = difference(base, base, threshold=-0.05), difference(base, [None] * 10 + base[10:], threshold=-0.05)
    assert whole.p_pass < 0.025 < holed.p_pass
    assert (holed.n, holed.missing, holed.estimate) == (190, 10, 0.0)
    lost = difference(base, [0.0] * 10 + base[10:], threshold=-0.05)
    assert (holed.low, holed.p_pass) == pytest.approx((lost.low, lost.p_pass), abs=1e-12)


def test_a_known_side_bounds_what_a_missing_score_can_lose() -> None:
    # The base was wrong already: what the candidate did not answer can lose nothing.
    base, candidate = [0.0] * 5 + [1.0] * 195, [None] * 5 + [1.0] * 195
    assert difference(base, candidate).low == pytest.approx(difference([1.0] * 200, [1.0] * 200).low, abs=1e-3)


def test_copies_within_a_group_add_no_evidence() -> None:
    rng = np.random.default_rng(2)
    base, candidate = rng.random(40), rng.random(40)
    once = difference(base, candidate, threshold=-0.05)
    thrice = difference(np.tile(base, 3), np.tile(candidate, 3), np.tile(np.arange(40), 3), threshold=-0.05)
    assert (thrice.low, thrice.high, thrice.p_pass) == pytest.approx((once.low, once.high, once.p_pass), abs=1e-9)
    assert (thrice.n, thrice.groups, thrice.effective) == (120, 40, pytest.approx(once.effective))


def test_samples_without_a_group_stand_alone() -> None:
    base, candidate = [0.0] * 12, [0.1, 0.4, 0.2, 0.3, 0.6, 0.5, 0.8, 0.7, 0.9, 1.0, 0.15, 0.25]
    alone = difference(base, candidate)
    missing: list[Sequence[Any]] = [[None] * 12, [math.nan] * 12, np.full(12, np.nan), list(range(12)), "abcdefghijkl"]
    for groups in missing:
        assert difference(base, candidate, groups) == alone
    assert difference(base, candidate, ["a", "a", *[None] * 10]).groups == 11
    assert difference(base, candidate, [(3,), *[None] * 11]).groups == 12


def test_how_groups_are_named_does_not_count() -> None:
    rng = np.random.default_rng(5)
    base, candidate, codes = rng.random(30), rng.random(30), rng.integers(0, 7, 30)
    expected = difference(base, candidate, codes)
    for groups in ([f"g{c}" for c in codes], [int(c) * 10**9 for c in codes], codes.astype(float), codes.astype("U3")):
        found = difference(base, candidate, groups)
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
        assert found.groups == expected.groups == len(set(codes))


def test_nothing_changed_is_not_nothing_known() -> None:
    found = difference([1.0] * 60, [1.0] * 60)
    # t^2 / (n + t^2), t = 2.0010 with 59 degrees of freedom.
    assert found.high == pytest.approx(2.0010**2 / (60 + 2.0010**2), abs=1e-5)
    assert found.low == pytest.approx(-found.high, abs=1e-9)
    assert found.estimate == 0 and found.changed == 0


def test_everything_changed_is_not_certainty() -> None:
    found = difference([0.0] * 40, [1.0] * 40)
    assert found.estimate == 1 and found.high == 1
    # Tango's end for n gains of n is (n - z^2) / (n + z^2); t = 2.02269 with 39 degrees of freedom for z.
    assert found.low == pytest.approx((40 - 2.02269**2) / (40 + 2.02269**2), abs=1e-5)


@pytest.mark.parametrize(
    ("base", "candidate", "groups"),
    [
        ([], [], None),
        ([0.0], [1.0], None),
        ([None, math.nan, 1.0], [1.0, 0.0, math.inf], None),
        ([0.0] * 50, [1.0] * 25 + [0.0] * 25, ["same"] * 50),
    ],
)
def test_fewer_than_two_groups_say_nothing(base: list[Any], candidate: list[Any], groups: Any) -> None:
    found = difference(base, candidate, groups, threshold=-0.5)
    assert (found.low, found.high, found.p_pass, found.p_fail) == (-1.0, 1.0, 1.0, 1.0)


def test_what_has_no_score_is_counted_and_left_out_of_the_means() -> None:
    found = difference([0.0, 1.0, None, 0.5, 1.0], [1.0, math.nan, 1.0, 0.5, math.inf])
    assert (found.n, found.missing, found.gains, found.losses, found.changed) == (2, 3, 1, 0, 1)
    assert (found.base, found.candidate, found.estimate) == (0.25, 0.75, 0.5)


def test_a_scale_stretches_interval_and_counts_alike() -> None:
    rng = np.random.default_rng(7)
    base, candidate = rng.random(60), rng.random(60)
    unit, wide = (
        difference(base, candidate, threshold=-0.1),
        difference(base * 50, candidate * 50, None, -5.0, 0.95, 50),
    )
    assert (wide.low, wide.high) == pytest.approx((unit.low * 50, unit.high * 50), rel=1e-9)
    assert (wide.p_pass, wide.effective, wide.changed) == pytest.approx((unit.p_pass, unit.effective, unit.changed))


def test_on_a_scale_a_missing_score_is_the_whole_of_it() -> None:
    base, candidate = [20.0] * 100, [20.0] * 97 + [None] * 3
    found = difference(base, candidate, scale=50)
    assert found.low == pytest.approx(difference(base, [20.0] * 97 + [-30.0] * 3, scale=50).low)
    assert found.high == pytest.approx(difference(base, [20.0] * 97 + [70.0] * 3, scale=50).high)


@pytest.mark.parametrize("threshold", [1.001, 1.5, 3.0, math.inf])
def test_what_lies_beyond_the_scale_is_certain(threshold: float) -> None:
    rng = np.random.default_rng(9)
    base, candidate = rng.integers(0, 2, 30).astype(float), rng.integers(0, 2, 30).astype(float)
    above, below = (difference(base, candidate, threshold=t) for t in (threshold, -threshold))
    assert (above.p_pass, above.p_fail, below.p_pass, below.p_fail) == (1.0, 0.0, 0.0, 1.0)


def test_a_change_beyond_the_scale_widens_it() -> None:
    found = difference([0.0, 0.0, 0.0, 0.0], [0.5, -3.0, 0.0, 1.0])
    assert found.scale == 3.0 and found.low < -0.375 < found.high
    assert found == difference([0.0] * 4, [0.5, -3.0, 0.0, 1.0], scale=3.0)


@pytest.mark.parametrize("scale", [0.0, -1.0, math.nan, math.inf])
def test_without_a_bound_there_is_no_proof(scale: float) -> None:
    found = difference([0.0] * 100, [1.0] * 100, threshold=-0.5, scale=scale)
    assert (found.low, found.high, found.p_pass, found.p_fail) == (-math.inf, math.inf, 1.0, 1.0)
    assert found.estimate == 1.0


def test_rounding_is_no_change() -> None:
    base, candidate = [0.1 + 0.2, 0.3, 1e-13, 0.0], [0.3, 0.1 + 0.2, 2e-13, -0.0]
    found = difference(base, candidate)
    assert (found.changed, found.gains, found.losses) == (1, 1, 0)  # the third did change, by all of its size


def test_one_giant_group_is_one_voice() -> None:
    # 400 samples in one group, all better, and nine that stayed: the mean is +98 points, known to hardly anything.
    base, candidate = [0.0] * 409, [1.0] * 400 + [0.0] * 9
    found = difference(base, candidate, ["giant"] * 400 + [None] * 9)
    assert found.estimate > 0.97 and found.effective < 3
    assert found.low < 0.1


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # Reference, 3.2, by hand. Everything + 0.1: no spread at all, worst case 0.1 - 0.01 = 0.09 with weight 5 of 25.
        ([0.1] * 20, 20 * 0.09 / (5 * 0.09 / 25)),
        # Half of them + 0.2: spread 20 / 19 * 0.01 with weight 10, worst case 0.2 / 2 - 0.01 = 0.09 with weight 5.
        ([0.2] * 10 + [0.0] * 10, 20 * 0.09 / ((10 * 0.2 / 19 + 5 * 0.09) / 15)),
    ],
)
def test_small_steady_changes_count_for_more_while_many_vary(changes: list[float], expected: float) -> None:
    assert difference([0.0] * 20, changes).effective == pytest.approx(expected)


def test_groups_whose_samples_cancel_are_groups_without_a_change() -> None:
    # In every pair of paraphrases one was gained and one lost: 40 independent zeros, not 80 coin tosses.
    base, candidate = [0.0, 1.0] * 40, [1.0, 0.0] * 40
    found = difference(base, candidate, [i // 2 for i in range(80)])
    still = difference([0.0] * 40, [0.0] * 40)
    assert (found.low, found.high) == pytest.approx((still.low, still.high), abs=1e-12)
    assert (found.changed, found.groups) == (80, 40)


def test_a_share_that_is_better_low_is_judged_with_its_sides_exchanged() -> None:
    # 3 of 100 refusals more: with the columns exchanged the rise is a loss, and a missing answer is still the worst.
    base, candidate = [0.0] * 100, [1.0] * 3 + [0.0] * 97
    turned = difference(candidate, base, threshold=-0.02)
    assert turned.estimate == pytest.approx(-0.03) and turned.p_pass > 0.5
    holed = difference([None] * 3 + candidate[3:], base, threshold=-0.02)
    assert holed.low == pytest.approx(turned.low, abs=1e-12)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99, 0.999])
def test_a_higher_level_is_a_wider_interval(level: float) -> None:
    # No change: t^2 / (n + t^2).
    t = t_quantile((1 + level) / 2, 49)
    assert difference([1.0] * 50, [1.0] * 50, level=level).high == pytest.approx(t * t / (50 + t * t), abs=1e-12)


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError):
        difference([1.0], [1.0, 0.0])
    with pytest.raises(ValueError):
        difference([1.0], [1.0], ["a", "b"])


def test_several_answers_per_sample_count_as_their_mean_and_a_missing_one_as_missing() -> None:
    rng = np.random.default_rng(5)
    base, new = rng.integers(0, 2, (60, 4)), rng.integers(0, 2, (60, 4)).astype(float)
    assert difference(base, new) == difference(base.mean(axis=1), new.mean(axis=1))
    new[3, 1] = math.nan
    rows = [[None if math.isnan(x) else x for x in row] for row in new]
    found = difference(base, rows)
    assert (found.n, found.missing) == (59, 1)
    assert found == difference(base, np.ma.masked_invalid(new)) == difference(base, new)


@pytest.mark.parametrize("level", [0, 1, 95, -0.1, math.nan])
def test_a_level_is_a_share(level: float) -> None:
    with pytest.raises(ValueError, match=r"as in 0\.95"):
        difference([0, 1], [1, 1], level=level)
    with pytest.raises(ValueError, match=r"as in 0\.95"):
        mean([0, 1], level=level)


def grouped(sizes: Sequence[int], lost: Collection[int] = ()) -> Difference:
    """A base that is always right, and a candidate that lost some groups."""
    codes = np.repeat(np.arange(len(sizes)), sizes)
    return difference(np.ones(len(codes)), 1.0 - np.isin(codes, list(lost)), codes, threshold=-0.05)


def test_a_group_that_did_not_change_counts_by_its_size() -> None:
    sizes = [40] * 5 + [1] * 60
    # N^2 / sum of squares: 260^2 / 8060.
    assert grouped(sizes).effective == pytest.approx(8.387, abs=1e-3)
    # One single that is lost says nothing of the forties: it used to narrow [-32, +32] to [-2.2, +1.2].
    one = grouped(sizes, lost=[64])
    assert one.low < -0.2 and one.p_pass > 0.1
    giant = grouped([200] + [1] * 60, lost=[60])
    assert giant.low < -0.5


def test_groups_of_one_size_are_as_before() -> None:
    # Copies add nothing: 60 groups of 4 are 60 samples.
    alone, copied = grouped([1] * 60, lost=[3, 7]), grouped([4] * 60, lost=[3, 7])
    assert (copied.low, copied.high, copied.p_pass) == pytest.approx((alone.low, alone.high, alone.p_pass), abs=1e-9)


@pytest.mark.parametrize("threshold", [0.01, 0.02, 0.05])
def test_a_gain_that_is_shown_is_shown_by_the_exact_bound_too(threshold: float) -> None:
    """200 samples of which only gains are seen: Tango alone passed 5.2 % of releases that gain just what is asked."""
    wrong = 0.0
    for gains in range(60):
        base = [0.0] * gains + [1.0] * (200 - gains)
        found = difference(base, [1.0] * 200, threshold=threshold)
        assert (found.p_pass < 0.025) == (found.low > threshold)
        wrong += stats.binom.pmf(gains, 200, threshold) * (found.p_pass < 0.025)
    assert 0 < wrong <= 0.025


def test_small_gains_everywhere_do_not_rule_out_a_collapse_that_nobody_saw() -> None:
    # 200 scores each a little better; one collapse among 200 would take it all back. Both tests used to be sure of it.
    found = difference([0.5] * 200, [0.5005] * 200)
    assert found.low < 0 < found.estimate and found.p_pass > 0.5
    # 0.975 of the samples collapse at most in 1 - 0.025^(1/200): 1.83 %.
    large = difference([0.5] * 200, [0.6] * 200)
    assert large.low == pytest.approx(0.1 - 1.1 * (1 - 0.025 ** (1 / 200)), abs=1e-3)
