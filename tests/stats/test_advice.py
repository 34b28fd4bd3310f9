"""Whether a fine-tune is needed: every way in which it can come out, and what would make the sentence lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from made import ones, probe, run

from fteval.engines.remote.prices import Price
from fteval.records import ASKED, TRAINED, Advice, CandidateResult, Gate, Made, Metric, NoiseFloor, RunRecord
from fteval.records.runs import Sequential
from fteval.stats.advice import advise
from fteval.stats.compare import compare
from fteval.stats.costs import TRAINING, costs_of, dominated, pays_from
from fteval.stats.decision import Step, holm, holm_steps
from fteval.stats.paired import difference
from fteval.stats.rivals import margin_of, rivals

N = 400
GAIN = Gate("facts", "correct", "min_gain", 0.2)
GUARD = Gate("form", "correct", "max_drop", 0.05)
BASE = run(probe(ones(N, 100), prompt_tokens=20.0), probe(ones(N, 300), "form", prompt_tokens=20.0))


def model(right: int, form: int = 300, ref: str = "m", **counts: object) -> RunRecord:
    """So many of 400 right, and so many of 400 in form."""
    asked = {"prompt_tokens": 28.0 if ref.startswith("told") else 20.0, **counts}
    return run(probe(ones(N, right), **asked), probe(ones(N, form), "form", **asked), ref=ref)


def judged(
    asked: Mapping[str, RunRecord], trained: Mapping[str, RunRecord], gates: tuple[Gate, ...] = (GAIN, GUARD)
) -> list[CandidateResult]:
    """As a comparison has them, of kinds that are said here."""
    results = compare(BASE, [*asked.items(), *trained.items()], gates)
    made = Made(12.0, 34_000.0)
    return [replace(r, kind=ASKED) if r.name in asked else replace(r, kind=TRAINED, made=made) for r in results]


def advised(results: list[CandidateResult]) -> Advice:
    found = advise(results, costs_of(BASE, results, {"facts"}))
    assert found is not None
    return found


def test_a_prompt_that_does_as_well_makes_the_fine_tune_needless() -> None:
    found = advised(judged({"told": model(330, ref="told")}, {"sft": model(332)}))
    assert (found.word, found.fine_tune, found.instead) == ("do_not_fine_tune", "sft", "told")
    (rival,) = found.rivals
    # By hand: 2 of 400 lost, none won; the interval is the paired one that gates have, of alternative - fine-tune.
    same = difference(ones(N, 332), ones(N, 330))
    assert (rival.state, rival.difference) == ("as_good", pytest.approx(-2 / 400))
    assert (rival.low, rival.high, rival.level) == (pytest.approx(same.low), pytest.approx(same.high), 0.95)
    assert "does as well as 'sft' (facts.correct −0.5 pp [−1.8, +0.5]; being worse by 5.0 pp is ruled out)" in (
        found.sentence
    )
    assert "for 8 more prompt tokens a request, without 12 s of training" in found.sentence
    assert "From about 13,000 requests on" in found.sentence  # 3 × 34,000 tokens of training / 8 a request = 12,750


def test_one_that_does_better_is_said_to() -> None:
    found = advised(judged({"told": model(390, ref="told")}, {"sft": model(332)}))
    assert found.word == "do_not_fine_tune" and "'told' does better than 'sft'" in found.sentence


def test_one_that_is_better_in_one_target_alone_does_as_well() -> None:
    gates = (GAIN, Gate("form", "correct", "min_gain", 0.1))
    found = advised(judged({"told": model(390, 360, ref="told")}, {"sft": model(332, 360)}, gates))
    assert found.word == "do_not_fine_tune" and "'told' does as well as 'sft'" in found.sentence


def test_of_two_that_do_the_one_that_loses_nothing_is_named_though_it_is_dearer() -> None:
    asked = {"told": model(332, form=100, ref="told"), "shown": model(332, ref="shown", prompt_tokens=200.0)}
    found = advised(judged(asked, {"sft": model(332)}, (GAIN, replace(GUARD, advisory=True))))
    assert (found.word, found.instead) == ("do_not_fine_tune", "shown")


def test_being_worse_than_a_fine_tune_that_may_not_ship_is_not_decisive() -> None:
    found = advised(judged({"told": model(332, ref="told")}, {"sft": model(332), "open": model(390, form=285)}))
    assert {r.fine_tune for r in found.rivals if r.state == "worse"} == {"open"} and found.word == "cannot_tell"


def test_a_fine_tune_wins_where_every_alternative_is_worse_or_fails_a_guard() -> None:
    asked = {"told": model(250, ref="told"), "masked": model(380, form=100, ref="masked")}
    found = advised(judged(asked, {"sft": model(380)}))
    assert (found.word, found.fine_tune, found.instead) == ("fine_tune", "sft", None)
    assert "'told' is behind by more than 5.0 pp (facts.correct −32.5 pp" in found.sentence
    assert "'masked' fails form.correct" in found.sentence, "as good in the target, and no replacement"
    assert "8 tokens shorter than those of 'told'" in found.sentence


def test_too_few_samples_say_neither() -> None:
    found = advised(judged({"told": model(320, ref="told")}, {"sft": model(332)}))
    (rival,) = found.rivals
    assert (found.word, rival.state) == ("cannot_tell", "open")
    assert rival.n_needed is not None and rival.n_needed > N
    assert f"about {rival.n_needed:,} samples would tell (400 now)" in found.sentence


def test_an_alternative_whose_own_guard_is_open_replaces_nothing() -> None:
    found = advised(judged({"told": model(332, form=285, ref="told")}, {"sft": model(332)}))
    assert found.word == "cannot_tell" and "'told' is open itself (form.correct)" in found.sentence


def test_a_fine_tune_that_does_not_ship_needs_no_rival() -> None:
    bad = model(390, form=100)
    assert advised(judged({"told": model(330, ref="told")}, {"sft": bad})).sentence.startswith(
        "Do not fine-tune: 'told' ships, and 'sft' does not (facts.correct −15.0 pp"
    )
    none = advised(judged({"told": model(100, ref="told")}, {"sft": bad}))
    assert none.word == "none_ships"
    assert none.sentence == "Nothing that was tried ships: neither 'sft' nor, without training, 'told'."
    left = advised(judged({"told": model(330, form=285, ref="told")}, {"sft": bad}))
    assert left.word == "cannot_tell" and "'told' is open (form.correct)" in left.sentence


def test_what_was_not_tried_is_said() -> None:
    assert advised(judged({}, {"sft": model(332)})).word == "not_tried"
    assert advised(judged({}, {"sft": model(185)})).word == "not_tried", "whether it ships is open"
    assert advise(judged({}, {"sft": model(100)})) is None, "what does not ship needs no alternative to be named"
    alone = advised(judged({"told": model(330, ref="told"), "few": model(100, ref="few")}, {}))
    assert alone.sentence == "No fine-tune was tried: 'told' ships without one."
    assert advised(judged({"told": model(330, ref="told")}, {"sft": model(332)}, (GUARD,))).word == "no_target"
    unknown = [replace(r, kind="") for r in judged({"told": model(330, ref="told")}, {"sft": model(332)})]
    assert advise(unknown) is None, "saved outputs do not say what made them"


def test_an_alternative_has_to_be_as_good_as_every_fine_tune_that_may_ship() -> None:
    told = {"told": model(330, ref="told")}
    best = advised(judged(told, {"weak": model(300), "strong": model(380, ref="s")}))
    assert best.word == "fine_tune" and best.fine_tune == "strong"
    both = advised(judged(told, {"weak": model(300), "like": model(331, ref="s")}))
    assert both.word == "do_not_fine_tune" and "'like', the best of 2 fine-tunes, and as every other" in both.sentence


def test_every_target_counts() -> None:
    gates = (GAIN, replace(GAIN, probe="form", threshold=0.02))
    asked, trained = {"told": model(380, form=330, ref="told")}, {"sft": model(380, form=395)}
    found = advised(judged(asked, trained, gates))
    assert [r.state for r in found.rivals] != ["as_good", "as_good"] and found.word == "fine_tune"
    assert "form.correct −16.2 pp" in found.sentence


def test_a_metric_that_should_be_low_is_turned() -> None:
    errors = Metric("errors", primary=True, better="lower")

    def side(wrong: int, ref: str) -> RunRecord:
        return run(probe(ones(N, wrong), metrics=(errors,)), ref=ref)

    gate = Gate("facts", "errors", "min_gain", 0.2)
    results = compare(side(300, "b"), [("told", side(30, "t")), ("sft", side(28, "s"))], [gate])
    kinds = [replace(results[0], kind=ASKED), replace(results[1], kind=TRAINED)]
    (rival,) = rivals(kinds[:1], kinds[1:], [gate])
    assert (rival.state, rival.difference) == ("as_good", pytest.approx(2 / 400))
    worse = replace(kinds[0], run=side(120, "t"))
    assert rivals([worse], kinds[1:], [gate])[0].state == "worse"


# --- several alternatives -------------------------------------------------------------------------


def test_the_steps_of_holm_are_those_of_the_textbook() -> None:
    # Holm (1979): smallest p against alpha/4, then /3, …; the first that is not rejected ends it.
    steps = holm_steps([0.01, 0.04, 0.03, 0.005], 0.05)
    assert [s.rejected for s in steps] == [True, False, False, True] == holm([0.01, 0.04, 0.03, 0.005], 0.05)
    assert [s.alpha for s in steps] == pytest.approx([0.05 / 3, 0.05 / 2, 0.05 / 2, 0.05 / 4])
    assert holm_steps([], 0.05) == [] and holm_steps([float("nan")], 0.05) == [Step(False, 0.05)]


def test_the_interval_that_is_shown_says_what_was_decided() -> None:
    asked = {f"a{right}": model(right, ref=f"told{right}") for right in (200, 310, 318, 345, 350)}
    results = judged(asked, {"sft": model(332), "dpo": model(350, ref="dpo")})
    found = rivals([r for r in results if r.kind == ASKED], [r for r in results if r.kind == TRAINED], [GAIN])
    assert len(found) == 10 and {r.state for r in found} == {"as_good", "worse", "open"}
    for r in found:
        assert r.low is not None and r.high is not None and r.level >= 0.95
        if r.state == "as_good":
            assert r.low > -r.margin
        elif r.state == "worse":
            assert r.high < -r.margin
        else:
            # Another fine-tune, or the company, leaves it open; never its own interval alone on the bad side.
            assert not r.high < -r.margin


def test_the_more_alternatives_the_surer_each_must_be() -> None:
    alone = judged({"told": model(323, ref="told")}, {"sft": model(332)})
    crowd = judged({f"told{i}": model(323, ref=f"told{i}") for i in range(8)}, {"sft": model(332)})
    assert advised(alone).word == "do_not_fine_tune" and advised(crowd).word == "cannot_tell"
    elsewhere = advise(alone, hidden=7)
    assert elsewhere is not None and elsewhere.word == "cannot_tell", "seven prompts more, of which nothing is shown"


@pytest.mark.slow
@pytest.mark.parametrize("truth", ["worse", "as good"])
def test_with_a_known_truth_the_sentence_is_seldom_wrong(truth: str) -> None:
    """Three alternatives at the margin (or one as good, two far behind): wrong in at most 2.5 % of draws, so that 9 of
    150 or more have a chance of 1 % (binomial)."""
    dice, wrong = np.random.default_rng(7), 0
    shape = judged({"a": model(330, ref="told")}, {"sft": model(332)})
    for _ in range(150):
        tuned = dice.random(150) < 0.8
        behind = [0.05, 0.05, 0.05] if truth == "worse" else [0.0, 0.09, 0.09]
        columns = [np.where(tuned, dice.random(150) >= (0.1 + b) / 1.6, dice.random(150) < (0.1 - b) / 0.4)
                   for b in behind]  # fmt: skip
        sides = [replace(shape[1], run=_facts(tuned, "sft"))]
        sides += [replace(shape[0], name=f"a{i}", run=_facts(c, f"a{i}")) for i, c in enumerate(columns)]
        found = advise(sides)
        assert found is not None
        wrong += found.word == ("do_not_fine_tune" if truth == "worse" else "fine_tune")
    assert wrong < 9


def _facts(right: np.ndarray, ref: str) -> RunRecord:
    return run(probe([float(one) for one in right]), ref=ref)


# --- what would make it lie -----------------------------------------------------------------------


def test_asking_that_stopped_early_decides_nothing() -> None:
    stopped = Sequential(seed=0, planned=1000)
    results = judged({"told": model(330, ref="told")}, {"sft": model(332)})
    early = [replace(r, run=replace(r.run, probes=tuple(replace(p, sequential=stopped) for p in r.run.probes)))
             for r in results]  # fmt: skip
    found = advised(early)
    assert found.word == "cannot_tell" and "asking stopped early" in found.sentence
    assert found.rivals[0].low is None


def test_a_margin_below_what_moves_with_nothing_changed_decides_nothing() -> None:
    results = judged({"told": model(330, ref="told")}, {"sft": model(332)})
    floor = NoiseFloor("facts", Metric("correct"), "another seed", N, 60, -0.08, -0.1, -0.05)
    found = advise(results, floors=[floor])
    assert found is not None and found.word == "cannot_tell"
    assert "asked twice, the base moves by 8.0 pp" in found.sentence


def test_runs_in_error_or_asked_otherwise_replace_nothing() -> None:
    told = model(330, ref="told")
    broken = replace(told, errors=3, complete=False)
    assert advised(judged({"told": broken}, {"sft": model(332)})).word == "cannot_tell"
    plan = {**told.manifest["plan"], "sampling": {**told.manifest["plan"]["sampling"], "temperature": 0.7}}
    warm = replace(told, manifest={**told.manifest, "plan": plan})
    found = advised(judged({"told": warm}, {"sft": model(332)}))
    assert found.word == "cannot_tell" and "temperature" in found.sentence


def test_answers_that_were_cut_off_are_said() -> None:
    found = advised(judged({"told": model(330, ref="told", truncated=40)}, {"sft": model(332)}))
    assert found.notes == (
        "answers to facts cut off at max_tokens: 'told' 40, 'sft' 0 of 400; whole ones may be judged otherwise",
    )


def test_what_an_alternative_loses_elsewhere_is_said_although_its_gates_pass() -> None:
    found = advised(judged({"told": model(332, form=292, ref="told")}, {"sft": model(332)}))
    assert found.word == "do_not_fine_tune"
    (note,) = found.notes
    assert note.startswith("'told' passes its gates, and is worse than the base on form.correct −2.0 pp [")


def test_missing_scores_are_taken_as_the_worst() -> None:
    holes = [None if 315 <= i < 330 else value for i, value in enumerate(ones(N, 330))]
    told = run(probe(holes, unscored={"correct": 15}), probe(ones(N, 300), "form"), ref="told")
    found = advised(judged({"told": told}, {"sft": model(332)}))
    # 15 of 400 may all be wrong: 3.75 points more than the 0.5 that are seen to be lost, and beyond the margin of 5.
    assert found.word == "cannot_tell"


# --- margins and costs ----------------------------------------------------------------------------


@pytest.mark.parametrize(("gain", "margin"), [(0.0, 0.02), (0.04, 0.02), (0.1, 0.025), (0.2, 0.05), (0.5, 0.05)])
def test_without_a_margin_a_quarter_of_the_gain_may_be_lost_within_bounds(gain: float, margin: float) -> None:
    assert margin_of(replace(GAIN, threshold=gain), Metric("correct")) == pytest.approx(margin)
    assert margin_of(replace(GAIN, threshold=gain, margin=0.01), Metric("correct")) == 0.01
    words = replace(GAIN, threshold=100 * gain, scale=100.0)
    assert margin_of(words, Metric("words", unit="words")) == pytest.approx(100 * margin)


def test_costs_are_means_over_the_samples_of_what_the_change_is_for() -> None:
    base = run(probe(ones(100, 1), prompt_tokens=10.0), probe(ones(300, 1), "form", prompt_tokens=30.0))
    assert costs_of(base, (), {"facts"})[0].prompt_tokens == 10.0
    whole = costs_of(base, ())[0]
    assert (whole.prompt_tokens, whole.answer_tokens, whole.tokens) == (25.0, 12.5, 37.5)
    assert (whole.seconds, whole.usd, whole.served) == (None, None, False)
    served = run(probe(ones(100, 1), answer_seconds=0.5, answer_usd=0.001))
    assert (costs_of(served, ())[0].seconds, costs_of(served, ())[0].served) == (0.5, True)


def test_a_price_that_is_said_counts_for_a_model_that_runs_here() -> None:
    results = judged({"told": model(330, ref="told {prompt: x}")}, {"sft": model(332, ref="own")})
    costs = costs_of(BASE, results, {"facts"}, {"nano": Price(1.0, 4.0, "fteval.yaml"), "sft": Price(2.0, 8.0, "")})
    # Dollars per million tokens: 20 × 1 + 12.5 × 4 = 70, twice that for the fine-tune; nobody said what "told" costs.
    assert [cost.usd for cost in costs] == [pytest.approx(70e-6), None, pytest.approx(140e-6)]
    found = costs_of(BASE, results, {"facts"}, {"told": Price(1.0, 4.0, "")})
    assert found[1].usd == pytest.approx(78e-6)


def test_a_training_pays_only_where_it_makes_requests_shorter() -> None:
    told, sft = costs_of(BASE, judged({"told": model(330, ref="told")}, {"sft": model(332)}), {"facts"})[1:]
    assert pays_from(sft, told) == pytest.approx(TRAINING * 34_000 / 8)
    assert pays_from(replace(sft, prompt_tokens=40.0), told) is None
    assert (
        pays_from(replace(sft, made=Made(12.0)), told) is None
        and pays_from(sft, replace(told, answer_tokens=None)) is None
    )


def test_what_is_dearer_and_no_better_is_dominated() -> None:
    points = [
        ("base", 30.0, 0.34),
        ("told", 38.0, 0.88),
        ("masked", 30.0, 0.8),
        ("sft", 30.0, 0.42),
        ("same", 38.0, 0.88),
    ]
    assert dominated(points) == {"base": "masked", "sft": "masked"}
