"""A candidate that answers exactly like the base is said to, and one with a single other answer is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import echo

from fteval.experiment.same_answers import same_answers
from fteval.records import Request, RunRecord, Sampling
from fteval.runs.asking import suite
from fteval.runs.asking.execute import execute
from fteval.runs.journal.store import Store


def run(tmp_path: Path, weights: str, answer: Callable[[Request], str]) -> RunRecord:
    built = suite.build([("w", echo.Words(), echo.samples(12))])
    return execute(built, echo.Echo(weights=weights, answer=answer), Sampling(), Store(tmp_path))


def same(request: Request) -> str:
    return request.prompt.messages[-1].content


def test_all_answers_alike_are_said_and_one_that_differs_is_enough_not_to(tmp_path: Path) -> None:
    base, alike = run(tmp_path, "sha256:0", same), run(tmp_path, "sha256:1", same)
    found = same_answers(base, alike)
    assert found is not None and "exactly like the base: 12 of 12" in found
    one_other = run(tmp_path, "sha256:2", lambda r: same(r) + "!" * r.sample_id.endswith("s7"))
    assert same_answers(base, one_other) is None


def test_of_the_very_same_model_nothing_is_said(tmp_path: Path) -> None:
    base = run(tmp_path, "sha256:0", same)
    assert same_answers(base, run(tmp_path, "sha256:0", same)) is None
