"""The whole table: how often a gate passes, and fails, when the truth is exactly at its limit.

Right or wrong and two-point scores are enumerated with their probabilities; groups and whole releases are simulated.
2.5 % is promised; limits are 2.6 % for what is exact, and three standard errors more for what is drawn.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from exact import outcomes
from made import probe
from numpy.typing import NDArray
from scipy.stats import binom

from fteval.records import Gate, Metric, ProbeResult, Sequential
from fteval.stats import gates
from fteval.stats.gaffke import tail
from fteval.stats.pairing import pair
from fteval.stats.student import t_quantile
from fteval.stats.tango import effective, tango_z

pytestmark = pytest.mark.slow
Array = NDArray[np.float64]
EXACT = 0.026
RUNS = 4000
DRAWN = 0.025 + 3 * math.sqrt(0.025 * 0.975 / RUNS)


# --- right or wrong --------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [20, 30, 40, 50, 60, 76, 80, 95, 100, 120, 158, 175, 200, 250, 300, 400])
def test_a_change_of_right_or_wrong(n: int) -> None:
    seen = outcomes(n, 0.4)
    for limit in (-0.1, -0.05, -0.02, -0.01, 0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2):
        passes, fails = seen.decided(limit)
        size = abs(limit)
        for changed in sorted({size * k for k in (1, 1.02, 1.05, 1.1, 1.3, 2)} | {0.1, 0.2, 0.4}):
            if size <= changed <= 0.4 and changed:
                chance = seen.chances(changed, limit)
                assert chance[passes].sum() <= EXACT and chance[fails].sum() <= EXACT, (limit, changed)


@pytest.mark.parametrize("margin", [0.01, 0.02, 0.05, 0.1])
def test_six_guards_at_their_margins_fail_no_more_often_than_one(margin: float) -> None:
    for n in range(20, 401, 20):
        seen = outcomes(n, 0.4)
        _, fails = seen.decided(-margin, level=1 - 0.05 / 6)
        for changed in sorted({margin * k for k in (1, 1.1, 1.25, 1.5, 2)} | {0.1, 0.2, 0.4}):
            if margin <= changed <= 0.4:
                one = float(seen.chances(changed, -margin)[fails].sum())
                assert 1 - (1 - one) ** 6 <= EXACT, (n, changed)


# --- graded scores ---------------------------------------------------------------------------------


def passing(sums: Array, sizes: Array, limit: float, *, graded: bool = False) -> Any:
    """Which data sets pass, as `difference` decides: by Tango's test and Gaffke's."""
    found = effective(sums, sizes)
    passes = np.asarray(tango_z(found.gains, found.losses, found.n, limit) > t_quantile(0.975, found.df))
    chosen = sums[passes], np.broadcast_to(sizes, sums.shape)[passes]
    passes[passes] = tail(*chosen, limit, even=not graded) < 0.025
    return passes


@pytest.mark.parametrize("limit", [-0.1, -0.05, -0.02, -0.01, 0.0, 0.02, 0.05, 0.2])
def test_small_gains_everywhere_and_rare_losses(limit: float) -> None:
    for n in (20, 50, 80, 120, 200, 300):
        for gain in (0.0005, 0.002, 0.01, 0.03, 0.05, 0.1, 0.3):
            for loss in (0.1, 0.3, 0.5, 0.501, 0.7, 1.0):
                rare = (gain - limit) / (gain + loss)
                if not 0 < rare < 1:
                    continue
                lost = np.arange(min(n, int(n * rare + 6 * math.sqrt(n * rare) + 8)) + 1)
                changes = np.where(np.arange(n) < lost[:, None], -loss, gain)
                passes = passing(changes, np.ones(n), limit, graded=True)
                assert binom.pmf(lost, n, rare)[passes].sum() <= EXACT, (n, gain, loss)


# --- groups of unequal size ------------------------------------------------------------------------

_RNG = np.random.default_rng(4)
DESIGNS: dict[str, list[int]] = {
    "conversations of 12 turns and of one": [12] * 10 + [1] * 30,
    "geometric": [int(k) for k in _RNG.geometric(0.25, 100)],
    "Zipf": [60 // (i + 1) for i in range(60)],
    "five giants": [40] * 5 + [1] * 60,
    "one giant": [200] + [1] * 60,
    "one file of 100": [100] + [1] * 190,
    "1 to 15, few": [int(k) for k in _RNG.integers(1, 16, 40)],
    "1 to 15, many": [int(k) for k in _RNG.integers(1, 16, 400)],
    "mostly single": [1] * 226 + [2] * 16 + [3] * 10 + [4] * 3,
    "pairs": [1] * 568 + [2] * 122,
    "equal": [3] * 90,
    "log-normal": [int(1 + k) for k in _RNG.lognormal(1, 1, 150)],
    "tens": [10] * 10 + [1] * 300,
}


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("limit", [-0.1, -0.05, -0.02, 0.0, 0.02, 0.05])
def test_groups_of_unequal_size_that_change_as_one(design: str, limit: float) -> None:
    sizes = np.array(DESIGNS[design], float)
    rng = np.random.default_rng(len(sizes))
    for changed in sorted({abs(limit), 0.1, 0.2, 0.4} - {0.0}):
        if changed < abs(limit):
            continue
        u = rng.random((RUNS, len(sizes)))
        up, all_ = (changed + limit) / 2, changed
        sums = np.where(u < up, 1.0, np.where(u < all_, -1.0, 0.0)) * sizes
        passes = passing(sums, sizes, limit).mean()
        fails = passing(-sums, sizes, -limit).mean()
        assert passes <= DRAWN and fails <= DRAWN, (changed, passes, fails)


@pytest.mark.parametrize("design", DESIGNS)
def test_groups_of_which_a_part_changes(design: str) -> None:
    sizes = np.array(DESIGNS[design])
    rng = np.random.default_rng(len(sizes))
    for limit in (-0.1, -0.05, -0.02):
        u = rng.random((RUNS, len(sizes)))
        part = rng.binomial(sizes, 0.5, (RUNS, len(sizes)))
        sums = np.where(u < 0.2 + limit, 1.0, np.where(u < 0.4, -1.0, 0.0)) * part
        assert passing(sums, sizes.astype(float), limit).mean() <= DRAWN


def test_unequal_groups_cost_little_power_where_none_is_a_giant() -> None:
    """400 groups of 1 to 15, nothing lost, 10 % of the groups change: 77 % passed when sizes were not counted."""
    sizes = np.array(DESIGNS["1 to 15, many"], float)
    u = np.random.default_rng(9).random((RUNS, len(sizes)))
    sums = np.where(u < 0.05, 1.0, np.where(u < 0.1, -1.0, 0.0)) * sizes
    assert passing(sums, sizes, -0.05).mean() >= 0.72


# --- whole releases --------------------------------------------------------------------------------

RELEASES = 2000
GRADED = Metric("graded", primary=True)
ERRORS = Metric("errors", primary=True, better="lower")


def column(rng: np.random.Generator, n: int, truth: float) -> tuple[Array, Array]:
    """Right or wrong on both sides: 15 % of the samples change, by `truth` on the whole."""
    u = rng.random(n)
    change = (u < (0.15 + truth) / 2).astype(float) - (u >= 1 - (0.15 - truth) / 2)
    same = (rng.random(n) < 0.8).astype(float)
    return np.where(change == 0, same, change < 0), np.where(change == 0, same, change > 0)


def release(rng: np.random.Generator, broken: int) -> tuple[list[Gate], dict[str, tuple[ProbeResult, ProbeResult]]]:
    """Six guards of 10 points over five kinds of scores; one is truly at its margin, the others gained 5 points."""
    rules, sides = [], {}
    for i, kind in enumerate(("plain", "graded", "groups", "errors", "missing", "sequential")):
        n, name = 150, f"p{i}"
        groups = np.repeat(np.arange(n), _SIZES)[:n] if kind == "groups" else None
        units = int(groups.max()) + 1 if groups is not None else n
        old, new = column(rng, units, -0.1 if i == broken else 0.05)
        metric = GRADED if kind == "graded" else ERRORS if kind == "errors" else Metric("right", primary=True)
        if kind == "graded":
            old, new = 0.5 + 0.4 * (old - 0.5), 0.5 + 0.4 * (old - 0.5) + (new - old) * 0.4 - 0.06 * (i == broken)
        if kind == "errors":
            old, new = 1 - old, 1 - new
        if groups is not None:
            old, new = old[groups], new[groups]
        answers: list[float | None] = [float(v) for v in new]
        if kind == "missing":
            answers = [None if rng.random() < 0.02 else v for v in answers]
        common: dict[str, Any] = {
            "metrics": [metric],
            "groups": None if groups is None else [f"g{g}" for g in groups],
            "sequential": Sequential(int(rng.integers(1 << 30)), n) if kind == "sequential" else None,
        }
        sides[name] = (probe([float(v) for v in old], name, **common), probe(answers, name, **common))
        rules.append(Gate(name, metric.name, "max_drop", 0.1, max_unscored=0.1))
    return rules, sides


_SIZES = np.random.default_rng(6).integers(1, 5, 150)


def test_a_release_with_one_broken_guard_of_six_seldom_ships() -> None:
    rng = np.random.default_rng(12)
    shipped = 0
    for i in range(RELEASES):
        rules, sides = release(rng, i % 6)
        pairings = {None: {name: pair(*both) for name, both in sides.items()}}
        # It ships only if the broken guard passes: the others are asked only then.
        if all(g.result == "pass" for g in gates.judge([rules[i % 6]], pairings)):
            shipped += all(g.result == "pass" for g in gates.judge(rules, pairings))
    assert shipped / RELEASES <= 0.025
