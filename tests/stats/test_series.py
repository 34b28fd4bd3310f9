"""How many examples are enough: named only where it is shown, for every metric and all parts above."""

from __future__ import annotations

import numpy as np
import pytest
from made import CORRECT, ones, probe, run

from fteval.records import Gate, Member, Metric, RunRecord, Sequential, Series
from fteval.stats.series import series_of

N = 300
SIZES = (4, 16, 64)


def after(right: float, turn: int, n: int = N, facts: float = 0.9) -> RunRecord:
    """A run that has about so many right, a few others after each training."""
    rng = np.random.default_rng([turn, int(1000 * right), int(1000 * facts)])
    chosen = [float(x) for x in rng.random(n) < right]
    kept = [float(x) for x in np.random.default_rng(1).random(n) < facts]  # the same ones
    return run(probe(chosen, "iso_date"), probe(kept), ref=f"{right}-{facts}-{turn}")


BASE = run(probe(ones(N, 0), "iso_date"), probe([float(x) for x in np.random.default_rng(1).random(N) < 0.9]))


def learning(
    levels: dict[int, float], seeds: int = 3, margin: float | None = 0.05, facts: dict[int, float] | None = None
) -> Series:
    """The series of a candidate that has such levels after so many examples."""
    runs, members = [], {}
    for size, level in levels.items():
        for turn in range(seeds):
            name = f"iso-{size}-s{turn}"
            runs.append((name, after(level, turn, facts=(facts or {}).get(size, 0.9))))
            members[name] = Member("iso", "sizes", str(size), turn, size, 60, margin)
    (found,) = series_of(BASE, runs, members)
    return found


def test_a_curve_that_has_risen_names_the_first_size_that_the_largest_did_not_better() -> None:
    found = learning({4: 0.2, 16: 1.0, 64: 1.0})
    assert found.enough == "16"
    assert found.short == ("iso_date.correct",) and found.unsure == ()
    assert found.gained == ("iso_date.correct",)
    assert (found.parts, found.rows, found.trainings) == (("4", "16", "64"), (4, 16, 64), 3)


def test_a_curve_that_still_rises_has_no_size_that_is_enough() -> None:
    found = learning({4: 0.0, 16: 0.4, 64: 1.0})
    assert found.enough is None and found.short == ("iso_date.correct",)


def test_what_is_near_the_margin_is_open_and_not_enough() -> None:
    found = learning({4: 0.9, 16: 0.93, 64: 0.97})
    assert found.enough is None and found.unsure == ("iso_date.correct",)


def test_a_size_above_which_one_is_not_shown_is_never_named() -> None:
    """4 is as good as 64, but 16 is not: 'more than 4 gained nothing' would be false on the way."""
    assert learning({4: 1.0, 16: 0.5, 64: 1.0}).enough is None


def test_a_curve_without_any_gain_has_gained_nothing() -> None:
    found = learning({4: 0.0, 16: 0.0, 64: 0.0})
    assert found.gained == ()


def test_one_training_of_each_is_never_called_enough() -> None:
    found = learning({4: 1.0, 16: 1.0, 64: 1.0}, seeds=1)
    assert found.trainings == 1 and found.enough is None


def test_every_metric_must_be_within_its_margin() -> None:
    """Fewer examples learnt the form, and lost facts on the way."""
    found = learning({16: 1.0, 64: 1.0}, facts={16: 0.6, 64: 0.9})
    assert found.enough is None and found.short == ("facts.correct",)


def test_the_margin_is_what_the_gate_allows_to_drop_where_none_is_given() -> None:
    runs = [(f"iso-{s}-s{t}", after(level, t)) for s, level in ((16, 0.93), (64, 1.0)) for t in range(3)]
    members = {n: Member("iso", "sizes", n.split("-")[1], int(n[-1]), 1) for n, _ in runs}
    gates = (Gate("iso_date", "correct", "min_gain", 0.2), Gate("iso_date", "correct", "max_drop", 0.2))
    (wide,), (narrow,) = series_of(BASE, runs, members, gates), series_of(BASE, runs, members)
    assert [m.margin for m in wide.metrics] == [0.2, 0.02] and [m.margin for m in narrow.metrics] == [0.02, 0.02]
    assert wide.metrics[0].points[0].gap == narrow.metrics[0].points[0].gap


def test_an_advisory_gate_shows_its_slice_and_decides_nothing() -> None:
    slices = [{"kind": "long" if i % 2 else "short"} for i in range(N)]
    base = run(probe(ones(N, 0), slices=slices))
    runs = [(f"a-{s}-s{t}", run(probe(ones(N, N), slices=slices), ref=f"{s}{t}")) for s in (4, 8) for t in range(2)]
    members = {n: Member("a", "sizes", n.split("-")[1], int(n[-1]), 1, None, 0.05) for n, _ in runs}
    (found,) = series_of(base, runs, members, [Gate("facts", "correct", "min", 0.5, {"kind": "*"}, advisory=True)])
    assert [(m.slice, m.margin, m.n) for m in found.metrics] == [
        (None, 0.05, N), ({"kind": "short"}, None, N // 2), ({"kind": "long"}, None, N // 2),
    ]  # fmt: skip
    assert found.enough == "4"


def test_a_metric_that_is_better_when_lower_is_turned() -> None:
    lost = Metric("lost", primary=True, better="lower")
    base = run(probe(ones(N, N), metrics=[lost]))
    level = {4: N, 16: 0, 64: 0}
    runs = [
        (f"a-{s}-s{t}", run(probe(ones(N, n), metrics=[lost]), ref=f"{s}{t}")) for s, n in level.items() for t in (0, 1)
    ]
    members = {n: Member("a", "sizes", n.split("-")[1], int(n[-1]), 1, None, 0.05) for n, _ in runs}
    (found,) = series_of(base, runs, members)
    assert (found.enough, found.short, found.gained) == ("16", ("facts.lost",), ("facts.lost",))


@pytest.mark.slow
def test_a_wrong_size_is_named_at_most_once_in_forty() -> None:
    """Every size but the last truly costs what the margin allows, and trainings differ: the promise at its edge."""
    named, n, experiments = 0, 60, 120
    base = run(probe(ones(n, 0), metrics=[CORRECT]))
    for seed in range(experiments):
        rng = np.random.default_rng(seed)
        runs, members = [], {}
        for size, truth in ((8, 0.65), (16, 0.65), (64, 0.75)):
            for turn in range(3):
                level = truth + rng.normal(0, 0.03)
                name = f"a-{size}-s{turn}"
                column = [float(x) for x in rng.random(n) < level]
                runs.append((name, run(probe(column), ref=f"{size}{turn}")))
                members[name] = Member("a", "sizes", str(size), turn, size, None, 0.10)
        (found,) = series_of(base, runs, members)
        named += found.enough is not None
    assert named <= 7  # 3 are promised; 8 or more of 120 would come in 1 of 70 such tests


@pytest.mark.parametrize("kind", ["tasks", "picks"])
def test_other_series_have_gaps_and_name_no_size(kind: str) -> None:
    runs = [(f"a-{p}-s{t}", after(level, t)) for p, level in (("one", 1.0), ("last", 0.8)) for t in range(3)]
    members = {n: Member("a", kind, n.split("-")[1], int(n[-1]), 1) for n, _ in runs}
    (found,) = series_of(BASE, runs, members)
    first, last = found.metrics[0].points
    assert found.enough is None and last.gap is None and first.gap == pytest.approx(0.2, abs=0.06)


def test_a_probe_that_was_trained_on_decides_nothing() -> None:
    runs = [(f"iso-{s}-s{t}", after(1.0, t)) for s in (16, 64) for t in range(3)]
    members = {n: Member("iso", "sizes", n.split("-")[1], int(n[-1]), 1, None, 0.05) for n, _ in runs}
    (found,) = series_of(BASE, runs, members, uncounted={"iso_date": "some of its prompts were trained on"})
    assert [(m.probe, m.margin) for m in found.metrics] == [("iso_date", None), ("facts", 0.05)]
    assert found.gained == () and "iso_date" in found.uncounted


def test_a_probe_whose_asking_stopped_early_decides_nothing() -> None:
    """What was asked before the evidence was enough is no fair sample of what would have been."""
    order = Sequential(seed=0, planned=N, slices=())
    base = run(probe(ones(N, 0), "iso_date", sequential=order))
    ids = [f"iso_date-{i:03}" for i in range(50)]
    runs = [
        (f"a-{s}-s{t}", run(probe(ones(50, 50), "iso_date", ids=ids, sequential=order), ref=f"{s}{t}"))
        for s in (4, 8)
        for t in (0, 1)
    ]
    members = {n: Member("a", "sizes", n.split("-")[1], int(n[-1]), 1, None, 0.05) for n, _ in runs}
    (found,) = series_of(base, runs, members)
    assert found.enough is None and found.uncounted == {"iso_date": "asking stopped early"}


def test_a_single_training_is_no_series() -> None:
    assert series_of(BASE, [("a", after(1.0, 0))], {"a": Member("a", "sizes", "4", 0, 4)}) == ()


def test_where_nothing_was_gained_none_are_enough() -> None:
    """All sizes are as good as the largest, which is no better than the base."""
    assert learning({4: 0.0, 16: 0.0, 64: 0.0}).enough is None


def test_what_has_no_score_is_open() -> None:
    """A guard of which nothing was measured is not passed."""
    base = run(probe(ones(N, 0), "iso_date"), probe(ones(N, N)))
    done, none = probe(ones(N, N), "iso_date"), probe([None] * N)
    runs = [(f"a-{s}-s{t}", run(done, none, ref=f"{s}{t}")) for s in (4, 8) for t in (0, 1)]
    members = {n: Member("a", "sizes", n.split("-")[1], int(n[-1]), 1, None, 0.05) for n, _ in runs}
    (found,) = series_of(base, runs, members)
    assert (found.gained, found.enough, found.unsure) == (("iso_date.correct",), None, ("facts.correct",))


def test_of_gates_on_the_same_metric_the_strictest_that_decides_says_the_margin() -> None:
    runs = [(f"a-{s}-s{t}", after(1.0, t)) for s in (4, 8) for t in (0, 1)]
    members = {n: Member("a", "sizes", n.split("-")[1], int(n[-1]), 1) for n, _ in runs}
    strict, wide = Gate("iso_date", "correct", "max_drop", 0.05), Gate("iso_date", "correct", "max_drop", 0.3)
    advisory = Gate("iso_date", "correct", "max_drop", 0.01, advisory=True)
    for gates in ([strict, wide, advisory], [advisory, wide, strict], [wide, strict]):
        (found,) = series_of(BASE, runs, members, gates)
        assert found.metrics[0].margin == 0.05
