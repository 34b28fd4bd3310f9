"""How one metric of one probe changed between two runs: the row of a report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fteval.records import Metric, MetricChange
from fteval.stats import noise, unbounded
from fteval.stats.columns import as_column
from fteval.stats.paired import Difference, difference
from fteval.stats.pairing import Columns, Pairing, slice_values


@dataclass(frozen=True, slots=True)
class Measured:
    """A paired difference with what only a report needs."""

    found: Difference
    low: float | None
    high: float | None
    """None where nothing bounds the difference."""
    total: float
    """Variance of the paired differences."""


def measure(metric: Metric, columns: Columns, level: float = 0.95) -> Measured:
    """The paired difference of one metric; of an unbounded one with an interval for information."""
    found = difference(columns.base, columns.candidate, columns.groups, level=level, scale=metric.bound or 1.0)
    old, new = as_column(columns.base), as_column(columns.candidate)
    there = np.isfinite(old) & np.isfinite(new)
    change = (new - old)[there]
    total = float(change.var(ddof=1)) if len(change) > 1 else 0.0
    ends: tuple[float | None, float | None] = (found.low, found.high)
    if metric.bound is None:
        groups = [g for g, keep in zip(columns.groups, there, strict=True) if keep]
        both = np.concatenate([old[there], new[there]])
        spread = float(both.max() - both.min()) if len(both) else 0.0
        ends = unbounded.interval(change, groups, spread, level) or (None, None)
    return Measured(found, *ends, total)


def change_of(pairing: Pairing, metric: Metric, level: float = 0.95) -> MetricChange:
    """One metric, base against candidate; `scored` counts samples that have a score on both sides."""
    return as_change(pairing, metric, None, measure(metric, pairing.columns(metric.name), level))


def changes_by_slice(
    pairing: Pairing, metric: Metric, most: int, level: float = 0.95
) -> list[tuple[MetricChange, float]]:
    """One metric in every slice that has 2 to `most` values, each with the chance of so much if nothing had changed."""
    found = []
    for key, values in slice_values(pairing.base).items():
        if 1 < len(values) <= most:
            for value, rows in values.items():
                seen = measure(metric, pairing.columns(metric.name, rows), level)
                chance = min(1.0, 2 * min(seen.found.p_pass, seen.found.p_fail))
                found.append((as_change(pairing, metric, {key: value}, seen), chance))
    return found


def false_leads(chances: Sequence[float]) -> list[float]:
    """Benjamini & Hochberg's (1995) adjusted values: of all that are at most q, a share q is expected to be false."""
    n = len(chances)
    order = sorted(range(n), key=lambda i: chances[i])
    adjusted = [1.0] * n
    least = 1.0
    for rank in range(n, 0, -1):
        i = order[rank - 1]
        least = min(least, chances[i] * n / rank)
        adjusted[i] = least
    return adjusted


def with_q(rows: Sequence[tuple[MetricChange, float]]) -> tuple[MetricChange, ...]:
    """Slices with how many of the leads like them are false."""
    # Only rows that show one count: others would make the shown ones look surer than they are.
    counted = [row.metric.bound is not None and not row.stopped for row, _ in rows]
    values = iter(false_leads([chance for (_, chance), counts in zip(rows, counted, strict=True) if counts]))
    return tuple(
        replace(row, q_value=next(values)) if counts else row for (row, _), counts in zip(rows, counted, strict=True)
    )


def as_change(pairing: Pairing, metric: Metric, slice: Mapping[str, str] | None, seen: Measured) -> MetricChange:
    """A difference with the counts of what it leaves out. Where asking stopped early it has no interval."""
    found, stopped = seen.found, pairing.stopped_of is not None
    sides = (pairing.base, pairing.candidate)
    errors = sum(side.errors for side in sides)
    unscored = sum(side.unscored.get(metric.name, 0) for side in sides)
    if slice or metric.partial or not errors + unscored:
        # Errors are counted per probe, not per sample: within a slice what is missing is an error where there are any,
        # and what nobody counted is at least unjudged.
        errors, unscored = (found.missing, 0) if errors else (0, found.missing)
    nothing = not found.n
    up, down = (found.gains, found.losses) if metric.better == "higher" else (found.losses, found.gains)
    return MetricChange(
        probe=pairing.base.probe,
        metric=metric,
        base=None if nothing else found.base,
        candidate=None if nothing else found.candidate,
        difference=None if nothing else found.estimate,
        low=None if nothing or stopped else seen.low,
        high=None if nothing or stopped else seen.high,
        n_paired=found.n,
        better=up,
        worse=down,
        # How many were planned is known of a probe, not of each slice.
        planned=(not slice and pairing.stopped_of) or found.n + found.missing,
        scored=found.n,
        errors=errors,
        unscored=unscored,
        slice=slice,
        n_groups=found.groups if found.groups != found.n else None,
        effective=found.effective,
        noise=_noise(pairing, metric, seen.total),
        stopped=stopped,
    )


def _noise(pairing: Pairing, metric: Metric, total: float) -> float | None:
    sides = (pairing.base.within, pairing.candidate.within)
    if not all(metric.name in side for side in sides):
        return None
    found = noise.share(sum(side[metric.name] for side in sides), total)
    return None if math.isnan(found) else found
