"""What can be said of gates before the first answer."""

from __future__ import annotations

import pytest
from exact import outcomes

from fteval.records import Gate, Message, Metric, Sample
from fteval.stats.ahead import cannot_pass, gate_plan, group_sizes, independent, release_plan

EXACT = Metric("exact", primary=True)
GUARD = Gate("support", "exact", "max_drop", 0.05)


def samples(n: int, giant: int = 0) -> list[Sample]:
    """n samples of their own, and one group of so many more."""
    asked = (Message("user", "What is asked?"),)
    alone = [Sample(id=f"s{i}", messages=asked) for i in range(n)]
    return alone + [Sample(id=f"g{i}", messages=asked, group="giant") for i in range(giant)]


def sentence(gate: Gate, asked: list[Sample]) -> str | None:
    sizes = group_sizes(sample.group for sample in asked)
    return cannot_pass(gate_plan(gate, EXACT, sizes), sizes)


def test_a_guard_that_is_too_small_where_nothing_changes_is_said_before() -> None:
    # 76 unchanged samples rule out 5 points, 75 do not (docs/statistics.md).
    assert sentence(GUARD, samples(76)) is None
    assert sentence(GUARD, samples(75)) == (
        "support.exact cannot pass with 75 samples unless answers get better: "
        "at least 76 independent ones are needed to rule out a loss of 5.0 pp"
    )
    for gate in (
        Gate("support", "exact", "max_drop", 0.05, advisory=True),
        Gate("support", "exact", "min_gain", 0.05),
        Gate("support", "exact", "min", 0.9),
    ):
        assert sentence(gate, samples(20)) is None


def test_one_giant_group_is_named_before_anything_is_asked() -> None:
    found = sentence(GUARD, samples(100, giant=200))
    assert found and "300 samples in 101 groups" in found and "one group is 67 % of the evidence" in found


def test_samples_in_groups_are_worth_as_many_as_their_sizes_leave() -> None:
    assert independent([1] * 40) == 40 and independent([3] * 40) == 40 and independent([]) == 0
    assert independent([40] * 5 + [1] * 60) == 8  # 260^2 / 8060


@pytest.mark.slow
@pytest.mark.parametrize("label", ["5 %", "15 %", "30 %"])
def test_a_release_passes_all_its_gates_in_four_of_five_cases_with_so_many_samples(label: str) -> None:
    plans = [gate_plan(GUARD, EXACT, [1] * 900) for _ in range(6)]
    found = release_plan([*plans, gate_plan(Gate("a", "exact", "max_drop", 0.02, advisory=True), EXACT, [1] * 9)])
    assert found is not None and found.gates == 6
    assert found.power[label] == pytest.approx(plans[0].power[label] ** 6)
    n, changed = found.needed[label], float(label.split()[0]) / 100
    assert n is not None
    passes, _ = outcomes(n, changed).rates(changed, 0.0, -0.05)
    assert 0.78 <= passes**6 <= 0.85


def test_without_a_gate_on_a_change_there_is_nothing_to_plan() -> None:
    assert release_plan([gate_plan(Gate("support", "exact", "min", 0.9), EXACT, [1] * 50)]) is None
