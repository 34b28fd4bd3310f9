"""What a gate found, as one sentence for people who are not statisticians."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fteval.records import Gate, Metric
from fteval.stats import units

if TYPE_CHECKING:
    from fteval.stats.gates import Evidence
    from fteval.stats.plan import Needed

RULES = ("min_gain", "max_drop", "min", "max")
SAME_MODEL = "base and candidate are the same model with the same sampling: there is nothing to lose"


def nothing(missing: int) -> str:
    """Why a gate without a single score fails."""
    return f"nothing could be judged: 0 of {missing} samples scored"


def decided(gate: Gate, metric: Metric, seen: Evidence, result: str) -> str:
    """The sentence of a pass or a fail."""
    estimate = seen.estimate or 0.0
    limit, good = units.threshold(gate, metric), seen.sign * estimate
    if gate.rule == "max_drop":
        span = units.between(seen.low, seen.high, metric)
        if result == "fail":
            return f"lost {units.size(estimate, metric)}, more than the {limit} allowed; the change is {span}"
        ends = [seen.sign * (end or 0.0) for end in (seen.low, seen.high)]
        if max(ends) < 0:
            return f"a real loss of {units.size(estimate, metric)}, within the {limit} allowed; the change is {span}"
        return f"a loss above {limit} is ruled out; the change is {span}"
    if gate.rule == "min_gain":
        span = units.between(seen.low, seen.high, metric)
        moved = "unchanged"
        if good:
            moved = f"{'gained' if good > 0 else 'lost'} {units.size(estimate, metric)}"
        tail = "was asked and is shown" if result == "pass" else "was asked and is ruled out"
        return f"{moved}; a gain of {limit} {tail}; the change is {span}"
    side = "at least" if gate.rule == "min" else "at most"
    tail = "was asked and is shown" if result == "pass" else "was asked and is ruled out"
    return f"{units.value(estimate, metric)}; {side} {limit} {tail}; the true value is {_levels(seen, metric)}"


def undecided(gate: Gate, metric: Metric, seen: Evidence, more: Needed | None) -> str:
    """The sentence of an inconclusive gate: what stays open and how many samples would tell."""
    limit = units.threshold(gate, metric)
    if seen.low is None or seen.high is None:
        open_ = "too few samples, or none that differ, to say anything"
    elif gate.rule == "max_drop":
        worst = min(seen.sign * seen.low, seen.sign * seen.high)
        open_ = f"a loss of up to {units.size(worst, metric)} is not ruled out, {limit} is allowed"
    elif gate.rule == "min_gain":
        span = units.between(seen.low, seen.high, metric)
        open_ = f"a gain of {limit} is neither shown nor ruled out; the change is {span}"
    else:
        side = "at least" if gate.rule == "min" else "at most"
        open_ = f"{side} {limit} is neither shown nor ruled out; the true value is {_levels(seen, metric)}"
    return f"{open_}; {_more(gate, metric, seen, more)}"


def incomplete(gate: Gate, metric: Metric, seen: Evidence, extremes: Sequence[Evidence] | None, errors: int) -> str:
    """The sentence of a gate that what is missing might turn, with the bounds where a share has them."""
    lost = []
    if errors:
        lost.append("1 answer failed" if errors == 1 else f"{errors} answers failed")
    if seen.missing:
        lost.append(f"{seen.missing} of {seen.n + seen.missing} samples have no score")
    sentence = " and ".join(lost)
    if extremes is None or not seen.missing:
        return f"{sentence}; this gate decides on complete runs only"
    ends = sorted(e.estimate for e in extremes if e.estimate is not None)
    if gate.rule in ("min", "max"):
        span = f"the value could be anything from {units.value(ends[0], metric)} to {units.value(ends[-1], metric)}"
    else:
        span = f"the change could be anything from {units.signed(ends[0], metric)} to {units.change(ends[-1], metric)}"
    return f"{sentence}; with them {span}"


def _more(gate: Gate, metric: Metric, seen: Evidence, more: Needed | None) -> str:
    have = f"{seen.n} now"
    if more is None:
        return f"no number of samples can show that ({have})"
    if more.n is None:
        return f"the truth seems to lie at the limit itself, where hardly any number of samples decides ({have})"
    if gate.rule in ("min", "max"):
        assumption = f"the true value is {units.value(more.truth, metric)}"
    elif more.truth == 0:
        assumption = "the models are equally good"
    else:
        assumption = f"the true change is {units.change(more.truth, metric)}"
    return f"about {more.n} samples would tell if {assumption} ({have})"


def _levels(seen: Evidence, metric: Metric) -> str:
    if seen.low is None or seen.high is None:
        return "not bounded"
    return f"between {units.value(seen.low, metric)} and {units.value(seen.high, metric)}"
