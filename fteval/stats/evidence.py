"""What one rule rests on: its number with an interval, and how strongly it speaks for passing and for failing."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from fteval.errors import UserError, suggest
from fteval.records import Gate, Metric
from fteval.stats import units
from fteval.stats.columns import as_column
from fteval.stats.level import mean
from fteval.stats.paired import difference
from fteval.stats.pairing import Columns

RULES = ("min_gain", "max_drop", "min", "max")
CHANGES = ("min_gain", "max_drop")
"""Rules on the change against the base; the others are on the candidate's own level."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A rule's number as reports show it, and the two one-sided tests of it."""

    estimate: float | None
    low: float | None
    high: float | None
    sign: int
    """+1 where more is better for the rule, -1 where less is."""
    target: float
    """What sign × number must exceed."""
    p_pass: float
    p_fail: float
    n: int
    groups: int
    effective: float
    missing: int
    changed: float
    """Mean size of a sample's change, as a share of the scale; of a level 0."""
    scale: float
    method: str
    stopped_after: int | None = None


def bound_of(gate: Gate, metric: Metric) -> float:
    """The most that one sample's score can change. Raises UserError where nobody has said it, or said it twice."""
    name = f"the gate on {gate.probe}.{gate.metric}"
    if gate.scale is not None and metric.bound is not None:
        raise UserError(
            f"{name}: 'scale' is for metrics without a bound; this one has {metric.bound:g}",
            where=gate.where,
            fix="leave 'scale' out",
        )
    bound = metric.bound if gate.scale is None else gate.scale
    if bound is None:
        raise UserError(
            f"{name} needs a 'scale': nothing bounds {metric.unit}, and without a bound no number of samples is proof",
            where=gate.where,
            fix=f"add the most {metric.unit} by which one answer can change, as in scale: 100",
        )
    _check_reach(gate, metric, bound, name)
    return bound


def _check_reach(gate: Gate, metric: Metric, bound: float, name: str) -> None:
    """Raises UserError for a threshold that no model can miss, or none can reach, and for such a margin."""
    if gate.margin is not None and gate.margin >= bound:
        raise UserError(
            f"{name}: 'margin' is {units.size(gate.margin, metric)}, and nothing can be worse by more",
            where=gate.where,
            fix="choose a margin well below the gain",
        )
    never = {"max_drop": "fail", "max": "fail", "min_gain": "pass", "min": "pass"}.get(gate.rule)
    if gate.threshold > bound or (never == "fail" and gate.threshold == bound):
        raise UserError(
            f"{name} can never {never}: '{gate.rule}' is {units.threshold(gate, metric)} on a scale of "
            f"{units.threshold(replace(gate, threshold=bound), metric)}",
            where=gate.where,
            fix="choose a threshold within the scale",
        )


def evidence(gate: Gate, metric: Metric, columns: Columns, level: float) -> Evidence:
    """The rule's number. Raises UserError for an unknown rule and for an unbounded metric without a scale."""
    if gate.rule not in RULES:
        raise UserError(f"no gate rule '{gate.rule}'. {suggest(gate.rule, RULES)}", where=gate.where)
    scale = bound_of(gate, metric)
    return _change(gate, metric, columns, level, scale) if gate.rule in CHANGES else _level(gate, columns, level, scale)


def _change(gate: Gate, metric: Metric, columns: Columns, level: float, scale: float) -> Evidence:
    sign = -1 if metric.better == "lower" else 1
    target = gate.threshold if gate.rule == "min_gain" else -gate.threshold
    # A fall of what should be low is a gain: the test is on the turned columns, the numbers are shown as measured.
    turned = columns if sign > 0 else columns.turned()
    d = difference(turned.base, turned.candidate, turned.groups, target, level, scale)
    ends = sorted((sign * d.low, sign * d.high))
    sizes = np.abs(as_column(columns.candidate) - as_column(columns.base))
    return Evidence(
        estimate=None if math.isnan(d.estimate) else sign * d.estimate,
        low=ends[0],
        high=ends[1],
        sign=sign,
        target=target,
        p_pass=d.p_pass,
        p_fail=d.p_fail,
        n=d.n,
        groups=d.groups,
        effective=d.effective,
        missing=d.missing,
        changed=float(np.nanmean(sizes)) / d.scale if d.n else 0.0,
        scale=d.scale,
        method=d.method,
    )


def _level(gate: Gate, columns: Columns, level: float, scale: float) -> Evidence:
    m = mean(columns.candidate, columns.groups, level, threshold=gate.threshold, scale=scale)
    sign = 1 if gate.rule == "min" else -1
    tails = (m.p_pass, m.p_fail) if sign > 0 else (m.p_fail, m.p_pass)
    return Evidence(
        estimate=None if math.isnan(m.estimate) else m.estimate,
        low=m.low,
        high=m.high,
        sign=sign,
        target=sign * gate.threshold,
        p_pass=tails[0],
        p_fail=tails[1],
        n=m.n,
        groups=m.groups,
        effective=m.effective,
        missing=m.missing,
        changed=0.0,
        scale=scale,
        method=m.method,
    )
