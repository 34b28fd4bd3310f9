"""Whether a gate can decide at all, whatever the candidate answers.

A guard whose base has nothing to lose cannot fail, a target whose base has nothing to gain cannot pass, and where one
group holds most of the samples nothing else counts. Such a gate says nothing, so that it is incomplete.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from fteval.records import Gate, Metric
from fteval.stats import units
from fteval.stats.columns import as_column, group_codes
from fteval.stats.evidence import Evidence
from fteval.stats.pairing import Columns
from fteval.stats.planning import unchanged_n

FEW = 10
"""Independent samples below which nothing is decided but a landslide."""


def room(metric: Metric, scores: Sequence[float | None], *, gain: bool = False) -> float | None:
    """How much the mean of these scores can fall, or rise for `gain`, in the metric's good direction.

    None where nothing bounds the metric or nothing was scored.
    """
    known = [score for score in scores if score is not None]
    if metric.bound is None or not known:
        return None
    mean = sum(known) / len(known)
    return mean if (metric.better == "higher") != gain else metric.bound - mean


def no_room(gate: Gate, metric: Metric, base: Sequence[float | None]) -> str | None:
    """Why the base leaves a gate on a change nothing to decide, with what to do; None where it leaves enough."""
    left = room(metric, base, gain=gate.rule == "min_gain") if gate.rule in ("max_drop", "min_gain") else None
    if left is None or left > gate.threshold + 1e-9:
        return None
    known = [score for score in base if score is not None]
    has, limit = units.value(sum(known) / len(known), metric), units.size(gate.threshold, metric)
    if gate.rule == "max_drop":
        worse = "loss" if metric.better == "higher" else "rise"
        return (
            f"the base has {has}, so that no {worse} above {limit} can happen and this gate cannot fail; "
            "guard a metric that the base is good at, ask what it can answer, or set no gate here"
        )
    return (
        f"the base has {has}, so that no gain above {limit} can happen and this gate cannot pass; "
        "ask harder samples, or guard what is there with max_drop"
    )


def one_group(gate: Gate, seen: Evidence, columns: Columns, level: float) -> str | None:
    """Why groups of so unequal size decide nothing, where as many of one size might; None where that is not why."""
    both = np.isfinite(as_column(columns.base)) & np.isfinite(as_column(columns.candidate))
    sizes = np.unique(group_codes(columns.groups, len(both))[both], return_counts=True)[1]
    guard = gate.rule == "max_drop" and gate.threshold > 0
    return unequal(sizes.tolist(), max(unchanged_n(gate.threshold / seen.scale, level) if guard else 0, FEW))


def unequal(sizes: Collection[int], least: int) -> str | None:
    """Why groups of these sizes decide nothing, where `least` of one size could; None where that is not why."""
    n, largest = sum(sizes), max(sizes, default=0)
    independent = n * n / sum(size * size for size in sizes) if n else 0
    if not independent < least <= len(sizes):
        return None
    return (
        f"one group is {100 * largest / n:.0f} % of the evidence ({largest} of {n} samples): {len(sizes)} groups of so "
        f"unequal size count as {max(independent, 1):.0f}, and no answer of the others could decide this gate; "
        "ask fewer samples of the large groups, or more groups"
    )
