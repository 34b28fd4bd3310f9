"""The gate that comes with every graded metric: few samples lose more than half while the mean hardly moves.

Below some sixty samples a rare collapse among small changes is invisible to any interval of the mean; as a share of its
own it is right or wrong, and counted like that.
"""

from __future__ import annotations

import numpy as np

from fteval.records import Gate, Metric
from fteval.records.comparisons import AUTOMATIC
from fteval.stats.columns import as_column
from fteval.stats.evidence import CHANGES, bound_of
from fteval.stats.pairing import Columns

TARGET_SHARE = 0.05
"""Of the samples may collapse where the metric is to improve and no drop is allowed or forbidden."""


def is_graded(gate: Gate, metric: Metric, columns: Columns) -> bool:
    """Whether a gate on a change rests on more than right and wrong; means over repeats are graded too."""
    if gate.rule not in CHANGES:
        return False
    scores = np.concatenate([as_column(columns.base), as_column(columns.candidate)])
    scores = scores[np.isfinite(scores)]
    return not bool(np.isin(scores, (0.0, bound_of(gate, metric))).all())


def can_collapse(gate: Gate, metric: Metric, columns: Columns) -> bool:
    """Whether a sample's base score leaves more than half of the scale to lose; what a judge prefers never does."""
    scale, base = bound_of(gate, metric), as_column(columns.base)
    left = scale - base if metric.better == "lower" else base
    return bool((left[np.isfinite(left)] > scale / 2).any())


def companion(gate: Gate, metric: Metric, columns: Columns) -> tuple[Gate, Metric, Columns]:
    """The gate on the share of samples that lose more than half of the scale, its metric, and its columns.

    The share is measured against nothing collapsing. It may be as large as the drop that the guard allows, as a share
    of the scale; 5 % where the metric is to improve.
    """
    scale = bound_of(gate, metric)
    allowed = gate.threshold / scale if gate.rule == "max_drop" and gate.threshold > 0 else TARGET_SHARE
    name = f"{metric.name}.collapsed"
    sign = -1 if metric.better == "lower" else 1
    gain = sign * (as_column(columns.candidate) - as_column(columns.base))
    fell = [None if not np.isfinite(g) else float(g < -scale / 2) for g in gain]
    nothing: list[float | None] = [0.0] * len(fell)
    rule = Gate(
        gate.probe,
        name,
        "max_drop",
        min(allowed, 1.0),
        gate.slice,
        gate.advisory,
        AUTOMATIC,
        anchor=gate.anchor,
        max_unscored=gate.max_unscored,
        allow_overlap=gate.allow_overlap,
    )
    return rule, Metric(name, better="lower"), Columns(columns.ids, nothing, fell, columns.groups)
