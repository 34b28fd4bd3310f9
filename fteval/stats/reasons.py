"""What a gate found, as one sentence for people who are not statisticians."""

from __future__ import annotations

from collections.abc import Mapping

from fteval.records import Gate, Metric
from fteval.records.comparisons import AUTOMATIC
from fteval.stats import units
from fteval.stats.evidence import Evidence
from fteval.stats.needed import Needed
from fteval.stats.pairing import Pairing

SAME_MODEL = "base and candidate are the same model with the same sampling: there is nothing to lose"
ITSELF = (
    "base and candidate are the same model: nothing to decide; name the candidate that was meant "
    "(--allow-same judges it anyway)"
)
SUBSET = "only a part of the samples was run (--limit): a try-out, no release decision; --allow-subset judges it anyway"


def unlike(gate: Gate, conditions: Mapping[str, str]) -> str:
    """Why a change between two runs that were not made in one way decides nothing."""
    whom = f"anchor '{gate.anchor}'" if gate.anchor else "the base"
    allowed = f"`allow: [{', '.join(conditions)}]` in fteval.yaml judges it anyway"
    return f"the candidate was not asked as {whom} was ({', '.join(conditions.values())}); {allowed}"


def nothing(missing: int, pairing: Pairing) -> str:
    """Why a gate without a single score fails."""
    return f"nothing could be judged: 0 of {missing} samples scored{_short(pairing)}"


def leak(how_many: str) -> str:
    """Why a hold-out that was trained on fails."""
    return f"leakage: {how_many}; what was learnt by heart proves nothing"


def errors(count: int, gate: Gate, metric: Metric, seen: Evidence) -> str:
    """Why answers in error leave a gate open, with what the rest says at worst and at best."""
    failed = "1 answer failed" if count == 1 else f"{count} answers failed"
    if seen.low is None or not seen.missing or metric.bound is None:
        return f"{failed}; this gate decides on complete runs only"
    change = gate.rule in ("min_gain", "max_drop")
    span = units.between(seen.low, seen.high, metric) if change else _levels(seen, metric)
    return f"{failed}; with them the true {'change' if change else 'value'} is anywhere {span}"


def unscored(gate: Gate, seen: Evidence, pairing: Pairing) -> str:
    """Why too many answers without a score leave a gate open, and what mends it where answers were cut off."""
    share = f"{seen.missing} of {seen.n + seen.missing} samples have no score"
    return f"{share}, more than the {100 * gate.max_unscored:g} % that a gate bears (max_unscored){_short(pairing)}"


def _short(pairing: Pairing) -> str:
    cut = max(max(p.truncated, p.no_answer) for p in (pairing.base, pairing.candidate))
    return f"; up to {cut} answers of a model were cut off: --max-tokens gives them more room" if cut else ""


def stopped(pairing: Pairing) -> str:
    """Why a gate that was not decided when others ended the asking stays open."""
    asked = sum(place is not None for place in pairing.partner)
    return f"asking stopped after {asked} of {pairing.stopped_of} samples, when the blocking gates were decided"


def decided(gate: Gate, metric: Metric, seen: Evidence, result: str) -> str:
    """The sentence of a pass or a fail."""
    estimate = seen.estimate or 0.0
    limit, tail = units.threshold(gate, metric), _tail(gate, metric, seen)
    if gate.where == AUTOMATIC:
        found = "ruled out" if result == "pass" else "shown"
        return f"{units.value(estimate, metric)} of the samples lost more than half; more than {limit} is {found}{tail}"
    if gate.rule == "max_drop":
        if result == "fail":
            return f"lost {units.size(estimate, metric)}, more than the {limit} allowed{tail}"
        if seen.low is not None and seen.high is not None and max(seen.sign * seen.low, seen.sign * seen.high) < 0:
            return f"a real loss of {units.size(estimate, metric)}, within the {limit} allowed{tail}"
        return f"a loss above {limit} is ruled out{tail}"
    found = "was asked and is shown" if result == "pass" else "was asked and is ruled out"
    if gate.rule == "min_gain":
        good, moved = seen.sign * estimate, "unchanged"
        if good:
            moved = f"{'gained' if good > 0 else 'lost'} {units.size(estimate, metric)}"
        return f"{moved}; a gain of {limit} {found}{tail}"
    side = "at least" if gate.rule == "min" else "at most"
    return f"{units.value(estimate, metric)}; {side} {limit} {found}{tail}"


def _tail(gate: Gate, metric: Metric, seen: Evidence) -> str:
    """What the sentence rests on: an interval, or the moment at which the evidence was enough."""
    counted = f", the {seen.missing} without a score taken as the worst" if seen.missing else ""
    if seen.stopped_after is not None:
        return f"; the evidence was enough after {seen.stopped_after} samples{counted}"
    if gate.rule in ("min", "max"):
        return f"; the true value is {_levels(seen, metric)}{counted}"
    return f"; the change is {units.between(seen.low, seen.high, metric)}{counted}"


def undecided(gate: Gate, metric: Metric, seen: Evidence, more: Needed | None, crowded: bool = False) -> str:
    """The sentence of an inconclusive gate: what stays open and how many samples would tell.

    `crowded`: on its own the gate would fail, but among so many gates one such result may be chance.
    """
    limit = units.threshold(gate, metric)
    counted = f", counting the {seen.missing} without a score as the worst" if seen.missing else ""
    if seen.low is None or seen.high is None or seen.groups < 2:
        open_ = "too few samples to say anything"
    elif crowded:
        open_ = f"looks worse than the {limit} set, but among several gates one such result may be chance"
    elif gate.rule == "max_drop" and not seen.changed and not seen.missing:
        open_ = f"no answer changed, but so few samples do not exclude a loss of {limit}"
    elif gate.rule == "max_drop":
        worst = min(seen.sign * seen.low, seen.sign * seen.high)
        open_ = f"a loss of up to {units.size(worst, metric)} is not ruled out{counted}, {limit} is allowed"
    elif gate.rule == "min_gain":
        span = units.between(seen.low, seen.high, metric)
        open_ = f"a gain of {limit} is neither shown nor ruled out{counted}; the change is {span}"
    else:
        side = "at least" if gate.rule == "min" else "at most"
        open_ = f"{side} {limit} is neither shown nor ruled out{counted}; the true value is {_levels(seen, metric)}"
    return f"{open_}; {_more(gate, metric, seen, more)}"


def _more(gate: Gate, metric: Metric, seen: Evidence, more: Needed | None) -> str:
    have = f"{seen.n} now"
    if more is None:
        return f"no number of samples can show that ({have})"
    if more.n is None:
        return f"the truth seems to lie at the limit itself, where hardly any number of samples decides ({have})"
    all_ = f" for all {more.gates} gates" if more.gates > 1 else ""
    many = f"{more.least} to {more.n}" if more.least is not None and more.least < more.n else f"{more.n}"
    if gate.rule in ("min", "max"):
        assumption = f"the true value is {units.value(more.truth, metric)}"
    elif more.truth == 0:
        assumption = "the models are equally good"
    else:
        assumption = f"the true change is {units.change(more.truth, metric)}"
    return f"about {many} samples would tell{all_} if {assumption} ({have})"


def _levels(seen: Evidence, metric: Metric) -> str:
    if seen.low is None or seen.high is None:
        return "not bounded"
    return f"between {units.value(seen.low, metric)} and {units.value(seen.high, metric)}"
