"""What all gates together can see with the samples that there are: before the first answer."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from fteval.records import Gate, GatePlan, Metric, ReleasePlan
from fteval.stats import units
from fteval.stats.evidence import CHANGES, bound_of
from fteval.stats.planning import each, plan_n, power, unchanged_n
from fteval.stats.room import unequal

CHANGED = {"5 %": 0.05, "15 %": 0.15, "30 %": 0.3}
"""Shares of the answers that may change; which of them holds is not known before a run."""
USUAL = "15 %"


def gate_plan(gate: Gate, metric: Metric, sizes: Collection[int]) -> GatePlan:
    """What one gate can see with so many samples in each independent group."""
    if gate.rule not in CHANGES:
        return GatePlan(gate, metric, sum(sizes), len(sizes), None, {}, None)
    bound = bound_of(gate, metric)
    effect, limit = _truth(gate, bound)
    n = independent(sizes)
    powers = {label: power(n, max(q, abs(effect)), effect, limit) for label, q in CHANGED.items()}
    return GatePlan(gate, metric, sum(sizes), len(sizes), effect * bound, powers, needed(gate, metric))


def needed(gate: Gate, metric: Metric, among: int = 1, changed: float = CHANGED[USUAL]) -> int | None:
    """Independent samples after which a gate decides, where `among` so many gates have to pass together."""
    effect, limit = _truth(gate, bound_of(gate, metric))
    return plan_n(max(changed, abs(effect)), effect, limit, each(among))


def release_plan(plans: Sequence[GatePlan]) -> ReleasePlan | None:
    """The chance that all blocking gates on changes pass, and the samples of each that they need for 4 of 5 cases.

    As if each gate had its own chance to miss: gates on the same samples pass together a little more often.
    """
    among = [p for p in plans if p.power and not p.gate.advisory]
    if not among:
        return None
    chance = {label: math.prod(p.power[label] for p in among) for label in CHANGED}
    needed = {label: _needed(among, q) for label, q in CHANGED.items()}
    return ReleasePlan(len(among), chance, needed)


def cannot_pass(plan: GatePlan, sizes: Collection[int], level: float = 0.95) -> str | None:
    """Why a blocking guard is too small to pass if no answer changes; None where it is not."""
    gate = plan.gate
    if gate.rule != "max_drop" or not gate.threshold or gate.advisory:
        return None
    least = unchanged_n(gate.threshold / bound_of(gate, plan.metric), level)
    if independent(sizes) >= least:
        return None
    have = f"{sum(sizes)} samples" + (f" in {len(sizes)} groups" if len(sizes) < sum(sizes) else "")
    limit = units.threshold(gate, plan.metric)
    why = unequal(sizes, least) or f"at least {least} independent ones are needed to rule out a loss of {limit}"
    return f"{units.gate_name(gate)} cannot pass with {have} unless answers get better: {why}"


def group_sizes(groups: Iterable[str | None]) -> list[int]:
    """How many samples each independent group has, by each sample's group; one without any is a group by itself."""
    counts = Counter(groups)
    return [1] * counts.pop(None, 0) + list(counts.values())


def independent(sizes: Collection[int]) -> int:
    """As many samples as groups of these sizes are worth at least (Kish)."""
    return int(sum(sizes) ** 2 / sum(size * size for size in sizes) + 1e-9) if sizes else 0


def _needed(plans: Sequence[GatePlan], changed: float) -> int | None:
    found = [needed(plan.gate, plan.metric, len(plans), changed) for plan in plans]
    known = [n for n in found if n is not None]
    return max(known) if len(known) == len(found) else None


def _truth(gate: Gate, bound: float) -> tuple[float, float]:
    """What is assumed to be true, and the limit: a guard loses nothing, a target gains twice what is asked."""
    margin = gate.threshold / bound
    return (0.0, -margin) if gate.rule == "max_drop" else (2 * margin or 0.1, margin)
