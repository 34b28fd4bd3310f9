"""Shares of what people said, against scipy's Wilson interval and by hand."""

from __future__ import annotations

import pytest
from scipy.stats import t

from fteval.records.people import Preferred, Share
from fteval.stats.opinions import share_of


def test_nothing_said_is_no_share() -> None:
    assert share_of([]) == Share(0, 0)


def test_an_interval_is_wilsons_with_students_t() -> None:
    """Wilson (1927) by its formula, 3 of 20, and t of 19 degrees of freedom for z."""
    z, p, n = t.ppf(0.975, 19), 3 / 20, 20
    middle, half = (
        (p + z * z / 2 / n) / (1 + z * z / n),
        z / (1 + z * z / n) * (p * (1 - p) / n + z * z / 4 / n / n) ** 0.5,
    )
    found = share_of([1.0] * 3 + [0.0] * 17)
    assert (found.k, found.n) == (3, 20)
    assert found.low is not None and found.high is not None
    # The house draws few exceptions towards the worst case: never narrower.
    assert found.low <= middle - half + 1e-9 and found.high >= middle + half - 1e-9


def test_paraphrases_of_a_question_say_less_than_as_many_questions() -> None:
    values = [1.0, 0.0] * 20
    alone, grouped = share_of(values), share_of(sorted(values), [f"g{i // 5}" for i in range(40)])
    assert alone.high is not None and grouped.high is not None and grouped.high > alone.high


def test_ties_by_the_same_answer_draw_a_preference_to_the_middle() -> None:
    """Of 10 samples 5 differ, of which 4 of 5 are better: (4 + 5 / 2) / 10 = 65 %."""
    found = Preferred("sft", "facts", 4, 1, 0, Share(4, 5, 0.4, 0.9), 5, 10).overall
    assert found.k / found.n == pytest.approx(0.65)
    assert (found.low, found.high) == (pytest.approx(0.45), pytest.approx(0.7))
