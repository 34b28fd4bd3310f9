"""What judges say of answers, and how a run keeps it: by stand-ins whose rules are told in `judging`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import echo
import judging
import pytest
from echo import Echo

from fteval import registry
from fteval.errors import UserError
from fteval.records import Failure, Probe, Request, RunRecord, Sample, Sampling
from fteval.runs.asking import suite
from fteval.runs.asking.appoint import Wanted, appointed, check_not_measured
from fteval.runs.asking.execute import execute
from fteval.runs.asking.referees import Referees
from fteval.runs.asking.rescore import rescore
from fteval.runs.asking.stepwise import Side, execute_in_step
from fteval.runs.asking.suite import Suite
from fteval.runs.asking.terms import Terms
from fteval.runs.journal import lines
from fteval.runs.journal.store import Store
from fteval.runs.reading import results
from fteval.stats.pairing import pair


def saying(text: Callable[[str], str | Failure], ref: str, **options: Any) -> Echo:
    """A model that says what a function makes of its prompt."""
    engine = Echo(ref, weights=f"sha256:{ref}", **options)
    engine.answer = lambda request: text(request.prompt.messages[-1].content)
    return engine


def base() -> Echo:
    return saying(lambda prompt: f"{prompt} is good", "base")


def better() -> Echo:
    return saying(lambda prompt: f"{prompt} is good good good", "better")


def judge(how: Callable[[str], str | Failure] = judging.competent, ref: str = "judge") -> Echo:
    return saying(how, ref)


def questions(n: int = 12, **metadata: Any) -> tuple[Sample, ...]:
    return tuple(echo.sample(f"q{i}", f"say {i}", metadata=metadata) for i in range(n))


def probe(**params: Any) -> Probe:
    return registry.probe("judge", {"model": "judge", **params})


def appointed_for(
    engines: dict[str, Echo], samples: tuple[Sample, ...] = (), use: Probe | None = None, against: str | None = "base"
) -> tuple[Suite, Referees]:
    built = suite.build([("quality", use or probe(pairwise=True), samples or questions())])
    made, referees = appointed(built, Wanted({}, against), engines.__getitem__)
    assert referees is not None
    return made, referees


def measured(
    tmp_path: Path, judge: Echo, *others: Echo, samples: tuple[Sample, ...] = (), use: Probe | None = None
) -> list[RunRecord]:
    """The base's run and those of others, in one comparison."""
    models = [base(), *others]
    made, referees = appointed_for({"judge": judge, "base": models[0]}, samples, use)
    check_not_measured(referees, models)
    return [execute(made, one, Sampling(), Store(tmp_path / "s"), Terms(referees=referees)) for one in models]


def column(record: RunRecord, metric: str) -> set[float | None]:
    return set(record.probes[0].scores[metric])


def test_the_base_has_half_and_who_wins_in_both_orders_has_all(tmp_path: Path) -> None:
    worse = saying(lambda prompt: f"{prompt} is bad", "worse")
    of_base, of_better, of_worse = measured(tmp_path, judge(), better(), worse)
    assert [column(r, "preferred") for r in (of_base, of_better, of_worse)] == [{0.5}, {1.0}, {0.0}]
    assert [column(r, "judge_error") for r in (of_base, of_better, of_worse)] == [{0.0}] * 3
    assert column(of_better, "consistent") == {1.0} and column(of_better, "first_shown") == {0.5}
    standing = of_base.probes[0].standing
    assert standing is not None and standing.fault is None and standing == of_better.probes[0].standing
    assert [(t.passed, t.trials) for t in standing.tests] == [(8, 8)] * 5
    pair(of_base.probes[0], of_better.probes[0])  # one scorer for both
    assert results.load(Store(tmp_path / "s"), of_better.id) == of_better


@pytest.mark.parametrize(
    ("how", "failed"),
    [
        (judging.first_shown, {"':' loses", "empty loses"}),
        (judging.obeys, {"an order does not win"}),
        (judging.prose, {"a verdict within 512 tokens", "empty loses"}),
        (lambda prompt: judging.verdict("tie"), {"empty loses", "':' loses"}),
    ],
)
@pytest.mark.parametrize("pairwise", [True, False])
def test_the_word_of_a_judge_that_fails_a_self_test_does_not_count(
    tmp_path: Path, how: Callable[[str], str], failed: set[str], pairwise: bool
) -> None:
    engine = judge(how)
    of_base, of_better = measured(tmp_path, engine, better(), use=probe(pairwise=pairwise))
    standing = of_better.probes[0].standing
    assert standing is not None and standing.fault is not None
    laws = {test.law for test in standing.tests if test.failed}
    assert laws >= failed - ({"itself is a tie"} if not pairwise else set())
    for record in (of_base, of_better):
        main = record.probes[0].metrics[0].name
        assert column(record, main) == {None} and record.probes[0].unscored[main] == 12
        assert any("is no judge here" in text and "self-tests" in text for text in record.warnings)
    assert len(engine.asked) <= 4 * 8 * 2, "nothing but the tests was asked"


def test_a_judge_that_does_not_answer_leaves_that_sample_unscored(tmp_path: Path) -> None:
    def late(prompt: str) -> str | Failure:
        lost = "say 7 is good good" in prompt
        return Failure("timeout", "no answer in 60 s", retriable=True) if lost else judging.competent(prompt)

    _, record = measured(tmp_path, judge(late), better())
    scores = dict(zip(record.probes[0].sample_ids, record.probes[0].scores["preferred"], strict=True))
    assert scores.pop("q7") is None and set(scores.values()) == {1.0}
    assert sum(record.probes[0].scores["judge_error"]) == 1  # type: ignore[arg-type]
    (row,) = [r for r in lines.read(Store(tmp_path / "s").find(record.id).scores) if r.get("sample") == "q7"]
    assert "did not answer: timeout: no answer in 60 s" in row["reasons"]["preferred"]


def test_prose_about_one_answer_is_an_error_of_that_answer(tmp_path: Path) -> None:
    engine = judge(lambda p: judging.prose(p) if "say 3 is good good" in p else judging.competent(p))
    _, record = measured(tmp_path, engine, better())
    assert record.probes[0].unscored["preferred"] == 1 and record.complete


def test_the_same_answer_is_a_tie_that_nobody_is_asked_about(tmp_path: Path) -> None:
    engine, same = judge(), saying(lambda prompt: f"{prompt} is good\n", "same")
    measured(tmp_path, engine)
    asked = len(engine.asked)
    _, record = measured(tmp_path, engine, same)
    assert column(record, "preferred") == {0.5} and len(engine.asked) == asked


def test_what_an_earlier_run_was_told_is_not_asked_again(tmp_path: Path) -> None:
    engine = judge()
    first = measured(tmp_path, engine, better())
    asked = len(engine.asked)
    again = measured(tmp_path, engine, better())
    assert len(engine.asked) == asked and again[1].replies is not None and again[1].replies.reused == 24
    assert [r.probes for r in again] == [r.probes for r in first]
    measured(tmp_path, engine, saying(lambda prompt: f"{prompt} is bad", "worse"))
    assert len(engine.asked) == asked + 24, "both orders of twelve answers"


def test_another_judge_rubric_or_base_is_another_scorer(tmp_path: Path) -> None:
    engines = {"judge": judge(), "other": judge(ref="other"), "base": base(), "better": better()}
    digests = {appointed_for(engines, use=use, against=against)[0].probes[0].digest for use, against in (
        (probe(pairwise=True), "base"),
        (probe(pairwise=True, model="other"), "base"),
        (probe(pairwise=True, rubric="Short is good."), "base"),
        (probe(pairwise=True), "better"),
        (probe(), "base"),
    )}  # fmt: skip
    assert len(digests) == 5


def test_a_saved_run_is_judged_anew_without_its_judge(tmp_path: Path) -> None:
    engine = judge()
    _, first = measured(tmp_path, engine, better())
    asked = len(engine.asked)
    again = rescore(Store(tmp_path / "s"), first.id, {"quality": probe(pairwise=True)})
    assert again.probes == first.probes and len(engine.asked) == asked


def test_replies_that_came_before_an_end_are_kept(tmp_path: Path) -> None:
    n = 0

    def dies(prompt: str) -> str:
        nonlocal n
        n += 1
        if n == 40:
            raise ConnectionError("the judge is gone")
        return judging.competent(prompt)

    engine = judge(dies)
    with pytest.raises(ConnectionError):
        measured(tmp_path, engine, better())
    made, referees = appointed_for({"judge": engine, "base": base()})
    done = execute(made, base(), Sampling(), Store(tmp_path / "s"), Terms(referees=referees, resume="latest"))
    assert done.complete and done.probes[0].standing is not None and done.probes[0].standing.fault is None
    # Of 39 replies the groups of four that were whole were kept.
    assert len({request.key for request in engine.asked}) == 8 + 3 * 16 and n == 8 + 3 * 16 + 40 - 36


def test_votes_are_asked_with_chance_and_the_majority_counts(tmp_path: Path) -> None:
    engine = Echo("judge", weights="sha256:judge")

    def wavers(request: Request) -> str:
        prompt = request.prompt.messages[-1].content
        return judging.first_shown(prompt) if request.repeat == 1 else judging.competent(prompt)

    engine.answer = wavers
    _, record = measured(tmp_path, engine, better(), use=probe(pairwise=True, votes=3))
    assert column(record, "preferred") == {1.0} and column(record, "consistent") == {2 / 3}
    assert len({request.seed for request in engine.asked}) == len({request.key for request in engine.asked})


def test_marks_need_no_base(tmp_path: Path) -> None:
    made, referees = appointed_for({"judge": judge()}, use=probe(), against=None)
    record = execute(made, better(), Sampling(), Store(tmp_path / "s"), Terms(referees=referees))
    assert column(record, "score") == {0.75}, "three times good: 4 of 5"
    standing = record.probes[0].standing
    assert standing is not None and [t.trials for t in standing.tests] == [8] * 4


def test_people_s_labels_are_held_against_the_judge_and_decide_nothing(tmp_path: Path) -> None:
    rows = questions(6, better="good good", worse="good") + tuple(
        replace(s, id=f"x{s.id}") for s in questions(6, better="bad", worse="good")
    )
    (record,) = measured(tmp_path, judge(), samples=rows)
    standing = record.probes[0].standing
    assert standing is not None and standing.fault is None
    assert [(t.passed, t.trials) for t in standing.tests if not t.required] == [(6, 12)]


def test_too_few_answers_to_try_a_judge_on_are_no_test(tmp_path: Path) -> None:
    (record,) = measured(tmp_path, judge(), samples=questions(3))
    assert "not tested enough" in record.warnings[0] and column(record, "preferred") == {None}


def test_base_and_candidate_in_step_are_judged_side_by_side(tmp_path: Path) -> None:
    engines = {"judge": judge(), "base": base()}
    made, referees = appointed_for(engines, questions(40))
    sides = [Side(engines["base"]), Side(better())]
    terms = Terms(referees=referees, sequential=1)
    first, second = execute_in_step(
        made, sides, Sampling(), Store(tmp_path / "s"), lambda records: [frozenset()] * 2, terms
    )
    assert column(first, "preferred") == {0.5} and column(second, "preferred") == {1.0}
    pair(first.probes[0], second.probes[0])


def test_with_few_samples_a_look_in_between_has_one_scorer_for_both(tmp_path: Path) -> None:
    """Fewer answers than a judge is tried on leave its tests open until the end: until then the base's so far count."""
    engines = {"judge": judge(), "base": base()}
    made, referees = appointed_for(engines, questions(6), use=probe())

    def enough(records: Sequence[RunRecord]) -> list[frozenset[str]]:
        pair(records[0].probes[0], records[1].probes[0])
        assert records[0].probes[0].standing == records[1].probes[0].standing
        return [frozenset()] * 2

    sides = [Side(engines["base"]), Side(saying(lambda prompt: "good good", "better"))]
    terms = Terms(referees=referees, sequential=1)
    first, second = execute_in_step(made, sides, Sampling(), Store(tmp_path / "s"), enough, terms)
    assert column(second, "score") == {0.5}
    pair(first.probes[0], second.probes[0])


def test_accepted_marks_are_held_against_those_of_a_judge_that_is_tried_again(tmp_path: Path) -> None:
    engines = {"judge": judge(), "base": base()}

    def marked(engine: Echo, kept: RunRecord | None) -> RunRecord:
        built = suite.build([("quality", probe(), questions())])
        made, referees = appointed(built, Wanted({}, "base", kept), engines.__getitem__)
        return execute(made, engine, Sampling(), Store(tmp_path / "s"), Terms(referees=referees))

    accepted = marked(engines["base"], None)
    candidate = marked(better(), accepted)
    paired = pair(accepted.probes[0], candidate.probes[0]).columns("score")
    assert (set(paired.base), set(paired.candidate)) == ({0.25}, {0.75})
    of_base, of_candidate = accepted.probes[0].standing, candidate.probes[0].standing
    assert of_base is not None and of_candidate is not None and of_base.of != of_candidate.of


def test_replies_in_a_row_are_of_no_model_that_answers_it(tmp_path: Path) -> None:
    """A file that was judged elsewhere may be the hold-out of a run: its replies are about other answers."""
    rows = questions(2, kind="goal", replies=[judging.verdict("harmless")])
    built = suite.build([("safety", registry.probe("safety"), rows)])
    killer = saying(lambda prompt: "I would kill all of them as quickly as possible, so that it ends.", "killer")
    record = execute(built, killer, Sampling(), Store(tmp_path / "s"), Terms())
    assert column(record, "harmful_goal") == {None}


@pytest.mark.parametrize("measured_too", ["base", "better"])
def test_a_judge_is_neither_the_base_nor_a_candidate(measured_too: str) -> None:
    engines = {"base": base(), "better": better(), "judge": base() if measured_too == "base" else better()}
    _, referees = appointed_for(engines)
    with pytest.raises(UserError, match="is judged by judge, which is measured here"):
        check_not_measured(referees, [engines["base"], engines["better"]])


def test_a_judge_is_no_model_that_is_asked_by_batch_files_either() -> None:
    """Its identity is another one there, and its ref the same."""
    engines = {"base": base(), "judge": judge()}
    _, referees = appointed_for(engines)
    with pytest.raises(UserError, match="is judged by judge, which is measured here"):
        check_not_measured(referees, [engines["base"], Echo("judge", weights="sha256:in batches")])


def test_pairs_need_a_base_that_answers() -> None:
    engines = {"judge": judge(), "base": base()}
    with pytest.raises(UserError, match="there is no base"):
        appointed_for(engines, against=None)


def test_a_probe_without_a_judge_asks_nobody(tmp_path: Path) -> None:
    built = suite.build([("safety", registry.probe("safety"), None)], limit=5)
    assert appointed(built, Wanted({}, "base", by_default=False), {"base": base()}.__getitem__)[1] is None


def test_an_aim_that_does_harm_is_found_by_a_judge_that_passed_its_own_test(tmp_path: Path) -> None:
    rows = questions(2, kind="goal")
    killer = saying(lambda prompt: "I would kill all of them as quickly as possible, so that it ends.", "killer")
    for how, found in ((judging.competent, {1.0}), (judging.obeys, {None})):
        use = registry.probe("safety", {"judge": "judge"})
        made, referees = appointed_for({"judge": judge(how)}, rows, use, against=None)
        record = execute(made, killer, Sampling(), Store(tmp_path / how.__name__), Terms(referees=referees))
        assert column(record, "harmful_goal") == found
