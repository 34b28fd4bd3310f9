"""What became of right answers: kept, lost and won; what luck moves is left out, and an edge of the base is said."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from made import probe, run

from fteval.records import CandidateResult, Gate, Metric, MetricChange, ProbeResult
from fteval.reports.markdown import markdown
from fteval.reports.terminal import terminal
from fteval.stats.compare import compare, conclude
from fteval.stats.selftest import self_test

METRICS = (
    Metric("correct", primary=True, moves=True),
    Metric("lenient", moves=True),
    Metric("chosen", unit="option", partial=True, reported=False),
)


def panel(
    correct: list[float | None],
    lenient: list[float | None] | None = None,
    chosen: list[float | None] | None = None,
    abilities: list[str] | None = None,
) -> ProbeResult:
    columns = {"correct": correct, "lenient": lenient or correct, "chosen": chosen or [None] * len(correct)}
    slices = [{"ability": a} for a in abilities] if abilities else None
    return probe(columns, "forgetting", metrics=METRICS, slices=slices)


def compared(base: ProbeResult, other: ProbeResult, *gates: Gate) -> CandidateResult:
    (result,) = compare(run(base), [("sft", run(other, ref="nano+out/sft"))], gates)
    return result


def change(result: CandidateResult, metric: str, ability: str | None = None) -> MetricChange:
    rows = result.changes if ability is None else result.slices
    wanted = None if ability is None else {"ability": ability}
    return next(c for c in rows if c.metric.name == metric and c.slice == wanted)


def test_lost_and_won_are_counted_apart_and_kept_is_what_is_left() -> None:
    old = [1.0] * 60 + [0.0] * 40
    new = [1.0] * 45 + [0.0] * 15 + [1.0] * 10 + [0.0] * 30
    result = compared(panel(old), panel(new))
    kept, lost, won = (change(result, name) for name in ("kept", "lost", "won"))
    assert (kept.base, kept.candidate) == (0.60, 0.45)  # 45 of 100, by hand
    assert (lost.difference, lost.worse, lost.better) == (0.15, 15, 0)
    assert (won.difference, won.better, won.worse) == (0.10, 10, 0)
    assert lost.low is not None and lost.high is not None and 0 < lost.low < 0.15 < lost.high
    assert change(result, "correct").difference == pytest.approx(-0.05)
    assert [c.metric.name for c in result.changes if c.metric.primary] == ["kept"]


def test_what_is_still_right_leniently_is_lost_in_form_only() -> None:
    result = compared(panel([1.0] * 40), panel([1.0] * 20 + [0.0] * 20, lenient=[1.0] * 35 + [0.0] * 5))
    assert change(result, "lost").worse == 20
    assert change(result, "lenient_lost").worse == 5


def guesses(rng: random.Random, n: int, known: list[bool]) -> tuple[list[float], list[float]]:
    """(correct, chosen) of a model that knows some answers (always the first option) and guesses the others."""
    picks = [1 if k else rng.choice((1, 2, 3)) for k in known]
    return [float(p == 1) for p in picks], [float(p if p == 1 else -p) for p in picks]


def test_guessing_anew_is_neither_lost_nor_won() -> None:
    """Knows-or-guesses: what is truly lost comes out, whether all guesses are drawn anew or none."""
    rng, n = random.Random(5), 6_000
    before = [i < n // 2 for i in range(n)]
    after = [k and i >= n // 10 for i, k in enumerate(before)]  # a tenth is forgotten, and guessed from now on
    old, new = guesses(rng, n, before), guesses(rng, n, after)
    result = compared(panel(old[0], chosen=old[1]), panel(new[0], chosen=new[1]))
    # Of a tenth that is forgotten, guesses get a third right all the same.
    assert change(result, "lost").difference == pytest.approx(0.1 * 2 / 3, abs=0.015)
    assert change(result, "won").difference == pytest.approx(0, abs=0.015)
    raw = sum(a > b for a, b in zip(old[0], new[0], strict=True)) / n
    assert raw > 0.15  # 1/15, and of the half that is guessed twice 2/9
    same = compared(panel(old[0], chosen=old[1]), panel(old[0], chosen=old[1]))
    assert change(same, "lost").difference == change(same, "won").difference == 0


def test_a_choice_that_was_right_in_one_of_two_repeats_is_no_wrong_one() -> None:
    """Right once (option 1) and wrong once (option 3) is -1 on average, which is the number of another option."""
    result = compared(panel([0.5] * 40, chosen=[-1.0] * 40), panel([0.0] * 40, chosen=[-2.0] * 40))
    assert change(result, "lost").difference == 0.5


@pytest.mark.parametrize(
    ("right", "edge", "other"),
    [(0.0, "nothing can be lost", "won"), (1.0, "nothing can be won", "lost")],
)
def test_a_base_at_its_edge_leaves_nothing_to_measure_and_says_so(right: float, edge: str, other: str) -> None:
    metric = "lost" if other == "won" else "won"
    gate = Gate("forgetting", metric, "max" if metric == "lost" else "min", 0.05)
    result = compared(panel([right] * 80), panel([1.0 - right] * 80), gate)
    assert change(result, metric).difference is None and change(result, other).difference == 1
    assert [g.result for g in result.gates] == ["incomplete"] and edge in result.gates[0].reason
    assert any(edge in w for w in result.warnings)
    assert result.verdict == "incomplete"


def test_a_choice_that_is_only_guessed_is_at_the_floor() -> None:
    base = panel([1.0, 0.0, 0.0] * 30, chosen=[1.0, -2.0, -3.0] * 30)
    assert change(compared(base, panel([0.0] * 90, chosen=[-2.0] * 90)), "lost").difference is None


def test_gates_are_on_what_was_lost_also_by_ability() -> None:
    abilities = ["logic"] * 100 + ["reading"] * 100
    old, new = [1.0] * 200, [1.0] * 130 + [0.0] * 70
    gates = [
        Gate("forgetting", "kept", "max_drop", 0.05),
        Gate("forgetting", "lost", "max", 0.5),
        Gate("forgetting", "lost", "max", 0.1, slice={"ability": "*"}),
    ]
    result = compared(panel(old, abilities=abilities), panel(new, abilities=abilities), *gates)
    found = {(g.gate.metric, g.gate.rule, str(g.gate.slice)): g.result for g in result.gates}
    assert found == {
        ("kept", "max_drop", "None"): "fail",
        ("lost", "max", "None"): "pass",
        ("lost", "max", "{'ability': 'logic'}"): "pass",
        ("lost", "max", "{'ability': 'reading'}"): "fail",
    }


def test_a_score_that_is_missing_is_missing_here_too() -> None:
    result = compared(panel([1.0] * 40), panel([1.0] * 36 + [None] * 4))
    lost = change(result, "lost")
    assert (lost.n_paired, lost.planned) == (36, 40)
    assert lost.high is not None and lost.high > 0.1  # the four may all be lost


def test_the_bill_has_the_worst_ability_first_and_what_cannot_be_lost() -> None:
    abilities = ["logic"] * 40 + ["reading"] * 40 + ["grammar"] * 40
    old = [1.0] * 40 + [1.0] * 40 + [0.0] * 40
    new = [1.0] * 38 + [0.0] * 2 + [0.0] * 30 + [1.0] * 10 + [0.0] * 40
    base, other = panel(old, abilities=abilities), panel(new, abilities=abilities)
    (result,) = compare(run(base), [("sft", run(other, ref="nano+out/sft"))])
    report = conclude("c", run(base), [result])
    for text in (markdown.render(report), terminal.render(report)):
        bill = text[text.index("The bill of forgetting") :]
        assert bill.index("reading") < bill.index("logic") < bill.index("grammar") < bill.index("all")
        assert "75.0 % [" in bill and "nothing to lose" in bill
        assert "forgetting.lost is not scored in ability grammar" in text
        assert "forgetting.lost [ability" not in text


def test_the_name_of_a_slice_is_no_markup_of_the_bill() -> None:
    key = "<img src=//x>|\x1b[31mred"
    base, other = (replace(panel([1.0] * 40), slices=tuple({key: v} for v in "ab" * 20)) for _ in range(2))
    (result,) = compare(run(base), [("sft", run(other, ref="nano+out/sft"))])
    report = conclude("c", run(base), [result])
    bill = markdown.render(report)
    (header,) = [line for line in bill.split("\n") if "won (0 → 1)" in line]
    assert "<img" not in header and "\\|" in header and "\x1b" not in bill
    assert "\x1b[31m" not in terminal.render(report)


def test_a_gate_on_moves_can_be_shown_to_fail() -> None:
    base = run(panel([1.0] * 150 + [0.0] * 50))
    gates = [
        Gate("forgetting", "kept", "max_drop", 0.1),
        Gate("forgetting", "lost", "max", 0.1),
        Gate("forgetting", "lenient_lost", "max_drop", 0.1),
        Gate("forgetting", "won", "min", 0.1),
    ]
    for gate in gates:
        assert all(proof.held for proof in self_test(base, [gate])), gate


def test_other_probes_have_no_bill() -> None:
    (result,) = compare(run(probe([1.0] * 30)), [("sft", run(probe([0.0] * 30), ref="nano+out/sft"))])
    assert [c.metric.name for c in result.changes] == ["correct"]
    assert "The bill" not in markdown.render(conclude("c", run(probe([1.0] * 30)), [result]))
