"""A reliability table, with its counts."""

from __future__ import annotations

import made

from fteval.records import Metric
from fteval.reports.view import bands

METRICS = (Metric("correct", primary=True), Metric("confidence", reported=False, sure_of="correct"))


def side(sure: list[float | None], right: list[float | None]) -> list[made.ProbeResult]:
    return [made.probe({"correct": right, "confidence": sure}, "calibration", metrics=METRICS)]


def test_a_band_has_its_count_its_mean_confidence_and_the_share_that_was_right() -> None:
    (table,) = bands.of_run(side([0.91, 0.99, 1.0, 0.31, 0.3, None, 0.5], [1, 1, 0, 0, 1, 1, None]))
    assert table.header == ("Confidence", "answers", "mean", "right")
    # By hand: (0.31 + 0.3) / 2, (0.91 + 0.99 + 1) / 3; what has no score or no confidence is in no band.
    assert table.rows == (("30–40 %", "2", "30.5 %", "50.0 %"), ("90–100 %", "3", "96.7 %", "66.7 %"))


def test_base_and_candidate_stand_side_by_side_and_an_empty_band_says_so() -> None:
    (table,) = bands.of_pair(side([0.95, 0.95], [1, 0]), side([0.45, 0.95], [0, 1]))
    assert table.rows == (
        ("40–50 %", "0", "–", "–", "1", "45.0 %", "0.0 %"),
        ("90–100 %", "2", "95.0 %", "50.0 %", "1", "95.0 %", "100.0 %"),
    )


def test_a_probe_that_claims_nothing_has_no_table() -> None:
    plain = [made.probe([1, 0])]
    assert bands.of_run(plain) == () and bands.of_pair(plain, plain) == ()
    assert bands.of_pair([], side([0.5], [1])) == ()
    nothing_said = side([None], [1])
    assert bands.of_run(nothing_said) == () and bands.of_pair(nothing_said, nothing_said) == ()
