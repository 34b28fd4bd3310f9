"""A model against itself: what changes when nothing was changed, below which no difference means anything.

The floor of a metric is the largest change of its mean that was seen. A gate whose margin lies below it stays open,
unless it is decided by more than the floor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fteval.records import CandidateResult, GateResult, NoiseFloor, RunRecord
from fteval.records.comparisons import AUTOMATIC
from fteval.stats import units, verdict
from fteval.stats.change import measure
from fteval.stats.compare import ordered, paired
from fteval.stats.evidence import CHANGES


def noise_floor(run: RunRecord, again: RunRecord, *, how: str) -> tuple[NoiseFloor, ...]:
    """One line per reported metric; `how` says what was not the same the second time."""
    floors = []
    for pairing in paired(run, "the same model", again).values():
        for metric in pairing.base.metrics:
            if not metric.reported:
                continue
            seen = measure(metric, pairing.columns(metric.name))
            floors.append(
                NoiseFloor(
                    probe=pairing.base.probe,
                    metric=metric,
                    how=how,
                    n=seen.found.n,
                    flipped=seen.found.changed,
                    difference=seen.found.estimate if seen.found.n else None,
                    low=seen.low if seen.found.n else None,
                    high=seen.high if seen.found.n else None,
                )
            )
    return tuple(floors)


def held_open(
    base: RunRecord, result: CandidateResult, floors: Sequence[NoiseFloor], unguarded: str = "warn"
) -> CandidateResult:
    """The candidate's result with the gates incomplete whose margin lies below a floor of the base."""
    gates = [_held_open(gate, floors) for gate in result.gates]
    changed = [new for new, old in zip(gates, result.gates, strict=True) if new is not old]
    word, reason = result.verdict, result.reason
    if word != "incomplete" and any(not one.gate.advisory for one in changed):
        word, reason = verdict.of_candidate(base, result.run, gates, result.unguarded, unguarded)
    return replace(result, gates=ordered(gates), verdict=word, reason=reason) if changed else result


def _held_open(result: GateResult, floors: Sequence[NoiseFloor]) -> GateResult:
    gate, change = result.gate, result.change
    own = [f for f in floors if (f.probe, f.metric.name) == (gate.probe, gate.metric) and f.difference]
    floor = max(own, key=lambda f: abs(f.difference or 0.0), default=None)
    if floor is None or gate.rule not in CHANGES or gate.where == AUTOMATIC or result.result == "incomplete":
        return result
    moved = abs(floor.difference or 0.0)
    if gate.threshold >= moved or change is None or result.low is None or result.high is None:
        return result
    sign = 1 if change.metric.better == "higher" else -1
    least, most = sorted((sign * result.low, sign * result.high))
    limit = -gate.threshold if gate.rule == "max_drop" else gate.threshold
    if least - moved > limit or most + moved < limit:
        return result
    reason = (
        f"asked again with {floor.how} and nothing changed, the base moved by {units.size(moved, change.metric)}: "
        f"a margin of {units.threshold(gate, change.metric)} lies below that; widen it, or measure with --dtype float32"
    )
    return replace(result, result="incomplete", reason=reason, n_needed=None, n_needed_least=None)
