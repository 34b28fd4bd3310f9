"""What stands under the verdict: the metric that decided by its name, and what answers cut off may explain."""

from __future__ import annotations

import pytest
from made import ones, probe, run

from fteval.records import CandidateResult, Gate, Metric, ProbeResult
from fteval.reports.markdown import markdown
from fteval.reports.terminal import terminal
from fteval.reports.view import view
from fteval.stats.compare import compare, conclude

TWO = (Metric("format", primary=True), Metric("iso"))
WORDS = (Metric("correct", primary=True), Metric("words", unit="words"))


def dates(right: int) -> ProbeResult:
    """200 answers whose format never changes, of which some are ISO dates."""
    return probe({"format": ones(200, 200), "iso": ones(200, right)}, "iso_date", metrics=TWO)


def result(gates: list[Gate], old: ProbeResult, new: ProbeResult) -> CandidateResult:
    (found,) = compare(run(old), [("x", run(new, ref="x"))], gates)
    return found


def headline(gates: list[Gate], old: ProbeResult, new: ProbeResult) -> str:
    return view.of_comparison(conclude("c1", run(old), [result(gates, old, new)])).chosen.summary


def test_the_metric_that_decided_is_named_and_not_its_probes_unchanged_one() -> None:
    gate = Gate("iso_date", "iso", "min_gain", 0.2)
    assert headline([gate], dates(0), dates(200)) == "Better on iso_date.iso +100.0 pp."


def test_without_a_gate_a_probe_goes_by_its_primary_metric() -> None:
    guard = Gate("facts", "correct", "max_drop", 0.02)
    base = run(dates(0), probe(ones(300, 200)))
    other = run(dates(200), probe(ones(300, 100)), ref="x")
    found = conclude("c1", base, compare(base, [("x", other)], [guard]))
    assert view.of_comparison(found).chosen.summary == (
        "Worse on facts.correct −33.3 pp. No change shown on iso_date.format."
    )


def test_an_ungated_headline_that_fell_is_named_beside_the_gated_metric() -> None:
    old = probe({"format": ones(200, 200), "iso": ones(200, 0)}, "iso_date", metrics=TWO)
    new = probe({"format": ones(200, 50), "iso": ones(200, 200)}, "iso_date", metrics=TWO)
    gate = Gate("iso_date", "iso", "min_gain", 0.2)
    assert headline([gate], old, new) == "Better on iso_date.iso +100.0 pp. Worse on iso_date.format −75.0 pp."


def test_of_many_metrics_the_rest_is_counted() -> None:
    names = [f"p{i}" for i in range(9)]
    base, other = run(*(probe(ones(60, 60), n) for n in names)), run(*(probe(ones(60, 60), n) for n in names), ref="x")
    found = view.of_comparison(conclude("c1", base, compare(base, [("x", other)]))).chosen.summary
    assert found.endswith("p5.correct, 3 more.") and "p6" not in found


@pytest.mark.parametrize(
    ("cut", "lost", "marked"),
    [
        (0, 40, False),
        (40, 40, True),  # as many cut off as got worse
        (20, 40, True),  # half of the loss
        (10, 40, False),  # a quarter of it
    ],
)
def test_a_loss_that_answers_cut_off_may_explain_is_marked(cut: int, lost: int, marked: bool) -> None:
    old, new = probe(ones(400, 400)), probe(ones(400, 400 - lost), truncated=cut)
    found = conclude("c1", run(old), [result([], old, new)])
    shown = view.of_comparison(found).chosen
    assert ("(answers cut off)" in shown.summary) == marked
    for page in (terminal.render(found), markdown.render(found)):
        assert (f"answers cut off: 0 → {cut} of 400" in page) == marked


def test_a_length_that_changed_with_answers_cut_off_is_marked() -> None:
    old = probe({"correct": ones(400, 400), "words": [float(20 + i % 5) for i in range(400)]}, metrics=WORDS)
    new = probe(
        {"correct": ones(400, 400), "words": [float(9 + i % 5) for i in range(400)]}, metrics=WORDS, truncated=9
    )
    rows = view.of_comparison(conclude("c1", run(old), [result([], old, new)])).chosen.metrics
    assert [(m.name, m.cut) for m in rows] == [
        ("facts.correct", ""), ("facts.words", "answers cut off: 0 → 9 of 400")
    ]  # fmt: skip


@pytest.mark.parametrize(("n", "listed"), [(19, 0), (20, 1)])
def test_a_slice_of_fewer_than_20_samples_is_not_listed(n: int, listed: int) -> None:
    places = [{"language": "de" if i < n else "en"} for i in range(200)]
    old, new = probe(ones(200, 150), slices=places), probe(ones(200, 150), slices=places)
    shown = view.of_comparison(conclude("c1", run(old), [result([], old, new)])).chosen
    assert sum("language=de" in row.name for row in shown.slices) == listed
    assert ("1 with fewer than 20 samples are not listed" in shown.slices_title) == (not listed)
