"""Releases against their anchor."""

from __future__ import annotations

import numpy as np
import pytest

from fteval.stats import difference, drift
from fteval.stats.trend import level_for


def lost(n: int, wrong: int) -> np.ndarray:
    """n samples, the first ones wrong."""
    return np.array([0.0] * wrong + [1.0] * (n - wrong))


def test_slow_loss_that_no_release_shows_alone_is_seen_against_the_anchor() -> None:
    anchor = lost(300, 0)
    releases = [lost(300, 2 * i) for i in range(1, 16)]  # two thirds of a point each
    found = drift(anchor, releases)
    steps = [difference(a, b, threshold=-0.02) for a, b in zip([anchor, *releases], releases, strict=False)]
    assert all(step.p_fail > 0.025 for step in steps)
    assert found.first is not None and 2 < found.first < 10
    assert found.alarms[found.first :] == (True,) * (15 - found.first)


def test_every_release_has_an_equal_part_of_the_error() -> None:
    anchor, release = lost(300, 10), lost(300, 30)
    found = drift(anchor, [release], planned=20)
    alone = difference(anchor, release, level=1 - 0.05 / 20)
    assert found.differences == (alone,)
    assert level_for(0.95, 20) == pytest.approx(0.9975)


def test_more_releases_than_planned_share_it_too() -> None:
    anchor, release = lost(300, 10), lost(300, 30)
    assert drift(anchor, [release] * 40).differences[0] == difference(anchor, release, level=1 - 0.05 / 40)
    assert drift(anchor, [release], planned=1).differences[0] == difference(anchor, release)


def test_a_missing_answer_is_no_alarm() -> None:
    anchor = lost(300, 0)
    assert drift(anchor, [lost(300, 30)]).alarms == (True,)
    assert drift(anchor, [[None] * 30 + [1.0] * 270]).alarms == (False,)


def test_a_gain_is_no_alarm() -> None:
    assert drift(lost(300, 60), [lost(300, 0), lost(300, 60)]).first is None


def test_without_a_release_there_is_nothing() -> None:
    found = drift(lost(10, 0), [])
    assert (found.differences, found.alarms, found.first) == ((), (), None)


def test_groups_and_scale_are_those_of_the_difference() -> None:
    anchor, release = 10 * lost(120, 0), 10 * lost(120, 30)
    groups = [i // 4 for i in range(120)]
    found = drift(anchor, [release], planned=1, groups=groups, scale=10)
    assert found.differences == (difference(anchor, release, groups, scale=10),)
