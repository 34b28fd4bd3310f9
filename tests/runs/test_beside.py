"""A probe that judges an answer beside all others of its run sees them all, whenever they came."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import echo
import pytest

from fteval.records import Failure, Generation, Metric, Request, RunRecord, Sample, Sampling, Scores
from fteval.runs.asking import suite
from fteval.runs.asking.execute import execute
from fteval.runs.asking.rescore import rescore
from fteval.runs.asking.terms import Terms
from fteval.runs.journal import lines
from fteval.runs.journal.store import Store


@dataclass(frozen=True, slots=True)
class Rank(echo.Words):
    """How many answers of the run are shorter than this one."""

    seen: tuple[int, ...] = field(default=(), init=False, compare=False)
    metrics: ClassVar[tuple[Metric, ...]] = (Metric("shorter", primary=True, unit="answers"),)

    def beside(self, answers: Iterable[tuple[Sample, str]]) -> Rank:
        made = replace(self)
        object.__setattr__(made, "seen", tuple(len(text) for _, text in answers))
        return made

    def score(self, sample: Sample, generation: Generation) -> Scores:
        return Scores({"shorter": float(sum(n < len(generation.text or "") for n in self.seen))})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / ".fteval")


def longer_and_longer(request: Request) -> str:
    return "x" * (1 + int(request.sample_id.removeprefix("s")))


def run(store: Store, engine: echo.Echo, **options: object) -> RunRecord:
    built = suite.build([("rank", Rank(), echo.samples(5)), ("words", echo.Words(), echo.samples(5))])
    return execute(built, engine, Sampling(), store, Terms(**options))  # type: ignore[arg-type]


def n_judgements(record: RunRecord) -> int:
    return sum("key" in line for line in lines.read(Path(record.path) / "scores.jsonl"))


@pytest.mark.parametrize("group", [1, 3, 10])
def test_every_answer_is_judged_beside_all_others_in_whatever_order_they_come(store: Store, group: int) -> None:
    done = run(store, echo.Echo(group=group, answer=longer_and_longer))
    assert done.probes[0].scores["shorter"] == [0, 1, 2, 3, 4]
    assert n_judgements(done) == 10


def test_an_answer_that_comes_later_has_the_others_judged_anew(store: Store) -> None:
    fails = [True]

    def answer(request: Request) -> str | Failure:
        if request.sample_id == "s0" and fails:
            return Failure("server", "down")
        return longer_and_longer(request)

    engine = echo.Echo(answer=answer)
    first = run(store, engine)
    assert first.probes[0].scores["shorter"] == [None, 0, 1, 2, 3]
    fails.clear()
    done = run(store, engine, resume=first.id)
    assert done.probes[0].scores["shorter"] == [0, 1, 2, 3, 4]
    assert n_judgements(done) == 4 + 4 + 5 + 1  # the other probe's four are not made twice


def test_what_was_judged_beside_the_same_answers_is_not_judged_again(store: Store) -> None:
    done = run(store, echo.Echo(answer=longer_and_longer))
    again = rescore(store, done.id, {"rank": Rank(), "words": echo.Words()})
    assert n_judgements(again) == n_judgements(done)
    assert again.probes == done.probes
