"""Gates pass on proof, fail on disproof, and fail closed on everything that is missing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import ones, probe

from fteval.errors import UserError
from fteval.records import Gate, Metric, ProbeResult
from fteval.stats.gates import DEFAULT, default_gates, expand, judge

DROP = Gate("facts", "correct", "max_drop", 0.02, where="fteval.yaml:7")
GAIN = Gate("facts", "correct", "min_gain", 0.2)
WORDS = Metric("words", primary=True, unit="words", better="lower")


def gained(n: int, better: int, worse: int) -> tuple[ProbeResult, ProbeResult]:
    """n samples, of which some got right and some got wrong; half of the others were right before."""
    rest = [float(i % 2) for i in range(n - better - worse)]
    return probe([0.0] * better + [1.0] * worse + rest), probe([1.0] * better + [0.0] * worse + rest)


@pytest.mark.parametrize(
    ("rule", "threshold", "n", "better", "worse", "result"),
    [
        # Paired t by hand: mean d, sd^2 = (b + c - n d^2) / (n - 1).
        ("max_drop", 0.05, 300, 12, 9, "pass"),  # +1.0 pp ± 3.0
        ("max_drop", 0.02, 300, 12, 9, "inconclusive"),
        ("max_drop", 0.05, 300, 4, 41, "fail"),  # −12.3 pp ± 4.2
        ("max_drop", 0.02, 400, 11, 25, "inconclusive"),  # −3.5 pp ± 2.9
        ("max_drop", 0.005, 400, 11, 25, "fail"),
        ("max_drop", 0.02, 60, 0, 0, "inconclusive"),
        ("max_drop", 0.02, 191, 0, 0, "pass"),
        ("min_gain", 0.03, 600, 78, 27, "pass"),  # +8.5 pp ± 3.3
        ("min_gain", 0.08, 600, 78, 27, "inconclusive"),
        ("min_gain", 0.12, 600, 78, 27, "fail"),
        ("min_gain", 0.2, 40, 40, 0, "pass"),
        ("min_gain", 0.2, 2, 2, 0, "inconclusive"),
    ],
)
def test_an_interval_decides_or_does_not(
    rule: str, threshold: float, n: int, better: int, worse: int, result: str
) -> None:
    found = judge(Gate("facts", "correct", rule, threshold), *gained(n, better, worse))
    assert found.result == result
    assert (found.n_needed is not None) == (result == "inconclusive")
    assert found.change is not None and (found.change.better, found.change.worse) == (better, worse)


def test_a_drop_of_what_should_be_low_is_a_rise() -> None:
    base = probe([10.0, 11.0, 12.0, 13.0] * 10, metrics=[WORDS])
    more = probe([15.0, 16.5, 17.0, 18.0] * 10, metrics=[WORDS])
    gate = Gate("facts", "words", "max_drop", 2.0)
    assert judge(gate, base, more).result == "fail"
    assert judge(gate, more, base).result == "pass"
    assert judge(Gate("facts", "words", "min_gain", 2.0), more, base).result == "pass"
    assert judge(Gate("facts", "words", "min_gain", 2.0), base, more).result == "fail"


@pytest.mark.parametrize(
    ("rule", "threshold", "right", "n", "result"),
    # Wilson: 98 of 100 [93.0, 99.4], 588 of 600 [96.5, 98.9], 0 of 20 [0, 16.1]
    [
        ("min", 0.97, 98, 100, "inconclusive"),
        ("min", 0.96, 588, 600, "pass"),
        ("min", 0.995, 588, 600, "fail"),
        ("max", 0.2, 0, 20, "pass"),
        ("max", 0.1, 0, 20, "inconclusive"),
        ("max", 0.9, 98, 100, "fail"),
    ],
)
def test_levels_are_judged_on_the_candidate_alone(rule: str, threshold: float, right: int, n: int, result: str) -> None:
    found = judge(Gate("facts", "correct", rule, threshold), probe(ones(n, 3)), probe(ones(n, right)))
    assert found.result == result and found.method == "Wilson interval"


def test_nothing_scored_fails() -> None:
    for nothing in ([None] * 30, [math.nan] * 30):
        for gate in (DROP, GAIN, Gate("facts", "correct", "min", 0.1), Gate("facts", "correct", "max", 0.9)):
            found = judge(gate, probe(ones(30, 20)), probe(nothing))
            assert found.result == "fail" and "nothing could be judged" in found.reason


def test_errors_are_never_a_pass_and_show_their_bounds() -> None:
    base, candidate = probe(ones(300, 300)), probe([None] * 9 + [1.0] * 291, errors=9)
    found = judge(Gate("facts", "correct", "max_drop", 0.1), base, candidate)
    assert found.result == "incomplete"
    # 9 of 300 wrong: −3 pp; all right: no change.
    assert "from −3.0 to 0.0 pp" in found.reason and "9 answers failed" in found.reason


def test_errors_of_the_base_count_as_well() -> None:
    assert judge(DROP, probe(ones(300, 300), errors=1), probe(ones(300, 300))).result == "incomplete"


@pytest.mark.parametrize(
    ("unscored", "result"),
    # 3 of 400 turned bad is −0.75 pp, still above a limit of 5; 40 of 400 is −10 pp.
    [(3, "pass"), (40, "incomplete")],
)
def test_what_was_not_judged_counts_as_badly_as_it_could(unscored: int, result: str) -> None:
    candidate = probe([None] * unscored + [1.0] * (400 - unscored), unscored={"correct": unscored})
    found = judge(Gate("facts", "correct", "max_drop", 0.05), probe(ones(400, 400)), candidate)
    assert found.result == result
    assert found.change is not None and (found.change.scored, found.change.planned) == (400 - unscored, 400)


def test_a_fail_that_missing_answers_could_turn_is_incomplete() -> None:
    base = probe(ones(100, 100))
    assert judge(DROP, base, probe([0.0] * 15 + [1.0] * 85)).result == "fail"
    assert judge(DROP, base, probe([0.0] * 15 + [None] * 2 + [1.0] * 83)).result == "fail"
    half = judge(DROP, probe([1.0] * 30 + [None] * 70), probe([0.0] * 8 + [1.0] * 22 + [1.0] * 70))
    assert half.result == "incomplete"


def test_missing_scores_of_an_unbounded_metric_have_no_bound() -> None:
    base = probe([float(i % 7) for i in range(100)], metrics=[WORDS])
    candidate = probe([None, *(float(i % 7) for i in range(1, 100))], metrics=[WORDS])
    assert judge(Gate("facts", "words", "max_drop", 5.0), base, candidate).result == "incomplete"


def test_a_model_against_itself_passes_its_guards_and_gains_nothing() -> None:
    same = probe(ones(12, 9))
    assert judge(DROP, same, same, same_model=True).result == "pass"
    assert judge(DROP, same, same).result == "inconclusive"
    assert judge(GAIN, same, same, same_model=True).result != "pass"


def test_a_small_gain_on_few_samples_says_how_many_would_tell() -> None:
    found = judge(Gate("facts", "correct", "min_gain", 0.03), *gained(12, 2, 1))
    assert found.result == "inconclusive" and found.n_needed is not None and found.n_needed > 12
    assert f"about {found.n_needed} samples would tell if the true change is +8.3 pp (12 now)" in found.reason


@pytest.mark.parametrize(
    ("threshold", "n", "better", "worse", "needed"),
    [
        # ((1.959964 + 0.841621) · sd / margin)^2, sd = sqrt((b + c - n d^2) / (n - 1)), models assumed equal
        (0.02, 300, 12, 9, 1377),
        # nothing changed: the least n at which the widened interval lies above the margin (statistics reference)
        (0.02, 60, 0, 0, 191),
        (0.05, 60, 0, 0, 76),
    ],
)
def test_the_number_of_samples_needed(threshold: float, n: int, better: int, worse: int, needed: int) -> None:
    found = judge(Gate("facts", "correct", "max_drop", threshold), *gained(n, better, worse))
    assert found.n_needed == needed and "if the models are equally good" in found.reason


def test_so_many_samples_do_tell() -> None:
    gate = Gate("facts", "correct", "max_drop", 0.05)
    needed = judge(gate, *gained(60, 0, 0)).n_needed
    assert needed is not None
    assert judge(gate, *gained(needed, 0, 0)).result == "pass"
    assert judge(gate, *gained(needed - 1, 0, 0)).result == "inconclusive"


def test_a_limit_that_nothing_can_show_says_so() -> None:
    found = judge(Gate("facts", "correct", "min", 1.0), probe(ones(50, 50)), probe(ones(50, 50)))
    assert (found.result, found.n_needed) == ("inconclusive", None)
    assert "no number of samples" in found.reason


@pytest.mark.parametrize(
    ("gate", "says"),
    [
        (Gate("facts", "corect", "max_drop", 0.02, where="fteval.yaml:7"), "Did you mean 'correct'?"),
        (Gate("facts", "correct", "max_drop", 0.02, {"lang": "de"}, where="fteval.yaml:7"), "the slice 'lang'"),
        (Gate("facts", "correct", "max_drop", 0.02, {"language": "dee"}, where="fteval.yaml:7"), "Did you mean 'de'?"),
        (Gate("facts", "correct", "maxdrop", 0.02, where="fteval.yaml:7"), "Did you mean 'max_drop'?"),
    ],
)
def test_a_gate_on_what_does_not_exist_is_a_usage_error(gate: Gate, says: str) -> None:
    result = probe(ones(20, 10), slices=[{"language": "de" if i % 2 else "en"} for i in range(20)])
    with pytest.raises(UserError, match=says.replace("?", r"\?")) as caught:
        judge(gate, result, result)
    assert caught.value.exit_code == 2 and caught.value.where == "fteval.yaml:7"


def test_an_unknown_probe_is_a_usage_error_with_the_nearest() -> None:
    with pytest.raises(UserError, match="Did you mean 'facts'"):
        expand(Gate("fact", "correct", "min", 0.5, where="fteval.yaml:9"), [probe([1.0])])


def test_a_slice_is_judged_on_its_own_samples() -> None:
    slices = [{"language": "de" if i < 100 else "en"} for i in range(400)]
    base = probe(ones(400, 400), slices=slices)
    candidate = probe([0.0] * 60 + [1.0] * 340, slices=slices)
    german, english = (
        judge(Gate("facts", "correct", "max_drop", 0.05, {"language": v}), base, candidate) for v in ("de", "en")
    )
    assert (german.result, english.result) == ("fail", "pass")
    assert german.change is not None and german.change.n_paired == 100


def test_a_starred_slice_becomes_one_gate_per_value() -> None:
    slices = [{"language": v, "topic": t} for v, t in [("de", "a"), ("en", "b"), ("fr", "b")]]
    result = probe([1.0] * 3, slices=slices)
    star = Gate("facts", "correct", "max_drop", 0.05, {"language": "*"})
    assert [g.slice for g in expand(star, [result])] == [{"language": v} for v in ("de", "en", "fr")]
    both = Gate("facts", "correct", "max_drop", 0.05, {"language": "*", "topic": "*"})
    # Only the combinations that samples are in.
    assert len(expand(both, [result])) == 3
    with pytest.raises(UserError, match="the slice 'lang'"):
        expand(Gate("facts", "correct", "max_drop", 0.05, {"lang": "*"}), [result])


def test_every_primary_share_is_guarded_by_default() -> None:
    results = [
        probe({"correct": [1.0], "polite": [1.0]}, metrics=[Metric("correct", primary=True), Metric("polite")]),
        probe([3.0], "length", metrics=[WORDS]),
    ]
    assert default_gates(results) == (Gate("facts", "correct", "max_drop", 0.02, where=DEFAULT),)


SCORE = st.one_of(st.none(), st.just(math.nan), st.sampled_from([0.0, 1.0, 0.5]))


@given(
    st.lists(st.tuples(SCORE, SCORE), max_size=30),
    st.sampled_from(["min_gain", "max_drop", "min", "max"]),
    st.floats(0, 1),
)
def test_whatever_is_scored_a_gate_answers_and_passes_only_in_the_worst_case_too(
    pairs: list[tuple[float | None, float | None]], rule: str, threshold: float
) -> None:
    base, candidate = probe([b for b, _ in pairs]), probe([c for _, c in pairs])
    found = judge(Gate("facts", "correct", rule, threshold), base, candidate)
    assert found.result in ("pass", "fail", "inconclusive", "incomplete") and found.reason
    if found.result == "pass":
        bad = 1.0 if rule == "max" else 0.0
        known = [(1.0 if b is None or math.isnan(b) else b, bad if c is None or math.isnan(c) else c) for b, c in pairs]
        worst = judge(
            Gate("facts", "correct", rule, threshold), probe([b for b, _ in known]), probe([c for _, c in known])
        )
        assert worst.result == "pass"
