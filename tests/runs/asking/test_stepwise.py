"""Runs in step: the same random order on both sides, stopped when somebody says so, and judged again alike later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import echo
import pytest

from fteval.errors import Incomplete
from fteval.records import Failure, Request, RunRecord, Sample, Sampling
from fteval.runs.asking import suite
from fteval.runs.asking.execute import execute
from fteval.runs.asking.session import order_of
from fteval.runs.asking.stepwise import FIRST, Side, execute_in_step
from fteval.runs.asking.terms import Terms
from fteval.runs.journal.store import Store
from fteval.runs.reading import results


def samples(n: int, per_group: int = 1) -> tuple[Sample, ...]:
    return tuple(
        replace(s, group=str(i // per_group) if per_group > 1 else None) for i, s in enumerate(echo.samples(n))
    )


def words(n: int, *names: str, per_group: int = 1) -> suite.Suite:
    return suite.build([(name, echo.Words(), samples(n, per_group)) for name in names or ("words",)])


def after(rounds: int) -> object:
    """Enough for every probe and side after so many rounds."""
    seen = []

    def enough(records: Sequence[RunRecord]) -> list[frozenset[str]]:
        seen.append([tuple(len(p.sample_ids) for p in r.probes) for r in records])
        done = frozenset(p.probe for p in records[0].probes) if len(seen) >= rounds else frozenset()
        return [done] * len(records)

    enough.seen = seen  # type: ignore[attr-defined]
    return enough


def test_both_sides_answer_the_same_beginning_of_the_order_and_no_more(tmp_path: Path) -> None:
    built, store = words(200), Store(tmp_path)
    one, two = echo.Echo(ref="a"), echo.Echo(ref="b", weights="sha256:b")
    first, second = execute_in_step(built, [Side(one), Side(two)], Sampling(), store, after(2), Terms(sequential=3))
    ids = [p.sample_ids for r in (first, second) for p in r.probes]
    assert len(ids[0]) == 2 * FIRST and ids[0] == ids[1]
    assert len(one.asked) == len(two.asked) == 2 * FIRST
    order = [g[0] for g in order_of(built, 3)["words"][1]]
    assert set(ids[0]) == {f"s{i}" for i in order[: 2 * FIRST]}
    assert first.complete and first.probes[0].stopped_of == 200 and first.planned == 2 * FIRST
    again = results.load(store, first.id)
    assert again.probes == first.probes and again.complete


def test_asked_to_the_end_nothing_is_stopped(tmp_path: Path) -> None:
    (run,) = execute_in_step(words(70), [Side(echo.Echo())], Sampling(), Store(tmp_path), after(99), Terms())
    assert run.complete and run.probes[0].stopped_of is None and len(run.probes[0].sample_ids) == 70
    assert run.probes[0].sequential is not None and run.probes[0].sequential.planned == 70


def test_groups_are_asked_whole(tmp_path: Path) -> None:
    (run,) = execute_in_step(
        words(300, per_group=5), [Side(echo.Echo())], Sampling(), Store(tmp_path), after(1), Terms()
    )
    groups = run.probes[0].groups
    assert {groups.count(g) for g in groups} == {5} and len(set(groups)) == FIRST
    assert run.probes[0].sequential is not None and run.probes[0].sequential.largest_group == 5


def test_a_probe_that_stopped_does_not_count_what_another_one_asks_with_the_same_prompts(tmp_path: Path) -> None:
    def enough(records: Sequence[RunRecord]) -> list[frozenset[str]]:
        return [frozenset({"short"})]

    (run,) = execute_in_step(
        words(200, "short", "long"), [Side(echo.Echo())], Sampling(), Store(tmp_path), enough, Terms()
    )
    short, long = run.probes
    assert (len(short.sample_ids), len(long.sample_ids)) == (FIRST, 200)
    assert short.stopped_of == 200 and long.stopped_of is None and run.complete


def test_what_earlier_runs_hold_is_copied_as_far_as_it_is_asked(tmp_path: Path) -> None:
    store, engine = Store(tmp_path), echo.Echo()
    execute(words(200), echo.Echo(), Sampling(), store)
    (run,) = execute_in_step(words(200), [Side(engine)], Sampling(), store, after(1), Terms())
    assert engine.asked == [] and (run.reused, run.generated) == (FIRST, 0)


def test_an_interrupted_run_goes_on_in_the_same_order(tmp_path: Path) -> None:
    store, calls = Store(tmp_path), []

    def breaks(records: Sequence[RunRecord]) -> list[frozenset[str]]:
        calls.append(len(records[0].probes[0].sample_ids))
        if len(calls) == 2:
            raise Incomplete("the disk went away")
        return [frozenset()]

    with pytest.raises(Incomplete):
        execute_in_step(words(200), [Side(echo.Echo())], Sampling(), store, breaks, Terms())
    left = results.latest_incomplete(store)
    engine = echo.Echo()
    (run,) = execute_in_step(words(200), [Side(engine, resume=left)], Sampling(), store, after(3), Terms())
    assert run.id == left and run.complete
    assert len(engine.asked) == len(run.probes[0].sample_ids) - 2 * FIRST


def test_failures_are_counted_and_leave_the_run_incomplete(tmp_path: Path) -> None:
    def answer(request: Request) -> str | Failure:
        return Failure("no", "no") if request.sample_id == "s7" else "yes"

    (run,) = execute_in_step(
        words(100), [Side(echo.Echo(answer=answer))], Sampling(), Store(tmp_path), after(99), Terms()
    )
    assert run.errors == 1 and not run.complete


def test_a_single_shot_run_knows_no_order(tmp_path: Path) -> None:
    run = execute(words(10), echo.Echo(), Sampling(), Store(tmp_path))
    assert run.probes[0].sequential is None and run.probes[0].stopped_of is None


def test_repeats_give_the_variance_within_samples(tmp_path: Path) -> None:
    # s0 answers right in 1 of 2 repeats, s1 in both: variances of the mean .25 and 0, by hand.
    def answer(request: Request) -> str:
        return "wrong" if (request.sample_id, request.repeat) == ("s0", 1) else request.prompt.messages[-1].content

    run = execute(words(2), echo.Echo(answer=answer), Sampling(temperature=1.0), Store(tmp_path), Terms(repeats=2))
    assert run.probes[0].within["exact"] == 0.125
