"""F1 per label and its mean, against scikit-learn's documented example and hand arithmetic."""

from __future__ import annotations

import pytest

from fteval.stats.confusion import label_scores, macro_f1


def counts(wanted: str, answered: str) -> list[tuple[str, str, int]]:
    return [(w.strip("-"), a.strip("-"), 1) for w, a in zip(wanted, answered, strict=True)]


def test_the_documented_example_of_f1_score() -> None:
    # scikit-learn, f1_score: y_true 0 1 2 0 1 2, y_pred 0 2 1 0 0 1: per label .8, 0, 0; macro .2666…
    found = counts("012012", "021001")
    assert {s.label: round(s.f1, 4) for s in label_scores(found)} == {"0": 0.8, "1": 0.0, "2": 0.0}
    assert macro_f1(found) == pytest.approx(0.26666, abs=1e-4)


def test_no_label_is_a_mistake_and_no_label_of_its_own() -> None:
    # a: wanted 3, answered 2, right 2: P 1, R 2/3, F1 .8; b: wanted 1, answered 1, right 1: 1
    found = counts("aaab", "aa-b")
    a, b = label_scores(found)
    assert (a.n, a.precision, a.recall, a.f1, a.taken_for) == (3, 1.0, pytest.approx(2 / 3), 0.8, (("", 1),))
    assert b.f1 == 1.0 and macro_f1(found) == pytest.approx(0.9)


def test_a_label_that_nobody_wanted_counts_against_the_mean() -> None:
    assert macro_f1(counts("aa", "ac")) == pytest.approx((2 / 3 + 0) / 2)
    assert macro_f1([]) is None and label_scores([]) == []


def test_one_label_always_given_shows_what_accuracy_hides() -> None:
    # 90 of 100 right by always saying "ham": F1 of ham 180/190, of spam 0.
    assert macro_f1([("ham", "ham", 90), ("spam", "ham", 10)]) == pytest.approx(90 / 190)
