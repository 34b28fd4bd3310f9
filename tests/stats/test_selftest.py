"""A gate is shown to fail: a loss of twice its margin fails it, nothing fails none, and what cannot fail is told."""

from __future__ import annotations

from made import ones, probe, run

from fteval.records import Gate, Metric, Proof
from fteval.stats.selftest import self_test

BASE = run(probe(ones(600, 500)), probe(ones(600, 30), "iso_date"))
DROP, GAIN = Gate("facts", "correct", "max_drop", 0.05), Gate("iso_date", "correct", "min_gain", 0.2)


def found(*gates: Gate, base: object = BASE) -> list[Proof]:
    return self_test(base, gates)  # type: ignore[arg-type]


def test_a_guard_fails_twice_its_margin_and_not_nothing() -> None:
    broken, untouched = found(DROP)
    assert (broken.injected, broken.result, broken.held) == ("a loss of 10.0 pp", "fail", True)
    assert "lost 10.0 pp" in broken.reason
    assert (untouched.injected, untouched.result, untouched.held) == ("nothing", "pass", True)


def test_a_target_fails_a_loss_and_is_not_asked_about_nothing() -> None:
    (proof,) = found(GAIN)
    assert proof.held and proof.result == "fail"


def test_levels_fail_beyond_their_limit() -> None:
    least, most = found(Gate("facts", "correct", "min", 0.7), Gate("iso_date", "correct", "max", 0.2))
    assert (least.injected, least.held) == ("a level of 40.0 %", True)
    assert (most.injected, most.held) == ("a level of 40.0 %", True)


def test_a_gate_that_cannot_fail_is_found_out() -> None:
    floor, _ = found(Gate("iso_date", "correct", "max_drop", 0.05))  # the base has 5 %: no 10 points to lose
    assert not floor.held and "cannot fail" in floor.reason
    few, aa = found(Gate("facts", "correct", "max_drop", 0.02), base=run(probe(ones(40, 40))))
    assert not few.held and few.result == "inconclusive" and "samples would tell" in few.reason
    assert aa.held


def test_every_gate_is_judged_in_the_company_of_the_others() -> None:
    topics = [{"topic": str(i % 10)} for i in range(800)]
    base = run(probe(ones(800, 800), slices=topics))
    alone = found(Gate("facts", "correct", "max_drop", 0.08, {"topic": "3"}), base=base)
    many = found(Gate("facts", "correct", "max_drop", 0.08, {"topic": "*"}), base=base)
    assert alone[0].held and not any(p.held for p in many[:10])  # 80 samples each, Holm over ten


def test_graded_lower_is_better_and_unbounded_metrics_are_broken_too() -> None:
    graded = run(probe([0.2 + 0.6 * (i % 5) / 4 for i in range(400)]))
    assert found(DROP, base=graded)[0].held
    errors = Metric("errors", primary=True, better="lower")
    assert found(Gate("facts", "errors", "max_drop", 0.05), base=run(probe(ones(600, 60), metrics=[errors])))[0].held
    words = Metric("words", primary=True, unit="words")
    long = run(probe([20.0 + i % 9 for i in range(900)], metrics=[words]))
    assert found(Gate("facts", "words", "max_drop", 4.0, scale=40.0), base=long)[0].held
