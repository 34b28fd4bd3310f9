"""A gate whose margin is smaller than what moves by itself is incomplete, unless it is decided by more than that."""

from __future__ import annotations

import pytest
from made import CORRECT, ones, probe, run

from fteval.records import CandidateResult, Gate, NoiseFloor
from fteval.stats.compare import compare
from fteval.stats.noise_floor import held_open

N = 2_000


def judged(gate: Gate, right: int, *moved: float, advisory: bool = False) -> CandidateResult:
    """The base has 1,600 of 2,000 right and moved by so much when it was asked again; the candidate has `right`."""
    base, other = run(probe(ones(N, 1_600))), run(probe(ones(N, right)), ref="x")
    [found] = compare(base, [("c", other)], [gate])
    floors = [NoiseFloor("facts", CORRECT, f"batches of {i} tokens", N, 9, by, by, by) for i, by in enumerate(moved)]
    return held_open(base, found, floors)


GUARD, TARGET = Gate("facts", "correct", "max_drop", 0.01), Gate("facts", "correct", "min_gain", 0.01)


@pytest.mark.parametrize(
    ("gate", "right", "moved", "verdict"),
    [
        (GUARD, 1_600, (), "ship"),
        (GUARD, 1_600, (0.0,), "ship"),
        (GUARD, 1_600, (0.01,), "ship"),  # the margin is no smaller
        (GUARD, 1_600, (0.015,), "incomplete"),
        (GUARD, 1_600, (-0.015,), "incomplete"),  # whichever way it moved
        (GUARD, 1_600, (0.001, 0.015), "incomplete"),  # the largest counts
        (GUARD, 1_560, (0.015,), "incomplete"),  # a loss of 2 pp: a failure within what moves by itself
        (GUARD, 1_200, (0.015,), "do_not_ship"),  # of 20 pp: shown whatever moves
        (GUARD, 1_700, (0.015,), "ship"),
        (TARGET, 1_800, (0.015,), "ship"),
        (TARGET, 1_640, (0.015,), "incomplete"),
    ],
)
def test_a_margin_below_the_floor_decides_nothing_that_the_floor_could_turn(
    gate: Gate, right: int, moved: tuple[float, ...], verdict: str
):
    found = judged(gate, right, *moved)
    assert found.verdict == verdict
    if verdict == "incomplete":
        assert "nothing changed, the base moved by 1.5 pp: a margin of 1.0 pp lies below that" in found.reason


def test_a_level_has_no_margin():
    assert judged(Gate("facts", "correct", "min", 0.5), 1_600, 0.3).verdict == "ship"


def test_an_advisory_gate_that_is_held_open_decides_nothing_as_before():
    found = judged(Gate("facts", "correct", "max_drop", 0.01, advisory=True), 1_600, 0.015)
    assert found.verdict == "measured"
    assert [g.result for g in found.gates] == ["incomplete"]
