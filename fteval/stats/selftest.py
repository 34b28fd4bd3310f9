"""A gate that was never seen to fail proves nothing: break the base on purpose, and look.

The base's own scores stand for the candidate's, with a loss of twice the margin put in; the gate must fail. Unchanged
they must not fail a guard.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from fteval.records import Gate, GateResult, Metric, ProbeResult, Proof, RunRecord
from fteval.stats import units
from fteval.stats.evidence import bound_of
from fteval.stats.gates import Circumstances, expand, judge, probe_of
from fteval.stats.moves import with_moves
from fteval.stats.pairing import Pairing, metric_of, pair, places

ODD = 0.1
"""Share of the scale that is put in where a gate has no margin to double."""


def self_test(base: RunRecord, gates: Sequence[Gate], *, level: float = 0.95) -> list[Proof]:
    """What each gate says to its own regression, and each guard to none. Raises what `judge` raises."""
    # What is tested is the gates and not when asking stops.
    base = replace(base, probes=tuple(replace(p, sequential=None) for p in base.probes))
    rules = [one for gate in gates for one in expand(gate, base.probes)]
    proofs = []
    for place, gate in enumerate(rules):
        result = probe_of(gate, base.probes)
        metric = _metric(result, gate)
        broken, words, possible = _broken(gate, metric, result)
        found = _judged(rules, base, broken, level)[place]
        held = found.result == "fail"
        reason = found.reason if held or possible else "the base leaves no room for such a loss: the gate cannot fail"
        proofs.append(Proof(gate, metric, words, found.result, held, reason))
    unchanged = _judged(rules, base, None, level)
    for place, gate in enumerate(rules):
        if gate.rule == "max_drop":
            found = unchanged[place]
            metric = _metric(probe_of(gate, base.probes), gate)
            proofs.append(Proof(gate, metric, "nothing", found.result, found.result != "fail", found.reason))
    return proofs


def _metric(result: ProbeResult, gate: Gate) -> Metric:
    return metric_of(replace(result, metrics=with_moves(result.metrics)), gate.metric, gate.where)


def _judged(rules: Sequence[Gate], base: RunRecord, broken: ProbeResult | None, level: float) -> list[GateResult]:
    """What each rule says, without the gates that come with graded metrics."""
    pairings: dict[str | None, dict[str, Pairing]] = {}
    for anchor in {gate.anchor for gate in rules}:
        pairings[anchor] = {
            p.probe: pair(p, broken if broken is not None and broken.probe == p.probe else p) for p in base.probes
        }
    found = iter(judge(rules, pairings, Circumstances(), level=level))
    results = []
    for rule in rules:
        one = next(r for r in found if r.gate is rule)
        results.append(one)
    return results


def _broken(gate: Gate, metric: Metric, result: ProbeResult) -> tuple[ProbeResult, str, bool]:
    """The probe's result with a loss put in, the loss in words, and whether the base had so much to lose."""
    if metric.of is not None:  # of two runs: the loss is put into what it is of
        if metric.name == "won":
            return result, "nothing won", True
        gate = gate if metric.name == "kept" else replace(gate, rule="max_drop")
        metric = metric_of(result, metric.of)
    bound = bound_of(gate, metric)
    rows = places(result, gate.slice, gate.where) or range(len(result.sample_ids))
    column = list(result.scores[metric.name])
    known = sorted(
        (i for i in rows if column[i] is not None), key=lambda i: _rank(result.groups[i] or result.sample_ids[i])
    )
    before = [column[i] or 0.0 for i in known]
    mean = sum(before) / max(len(before), 1)
    if gate.rule in ("min", "max"):
        margin = bound - gate.threshold if gate.rule == "min" else gate.threshold
        wanted = gate.threshold + (-margin if gate.rule == "min" else margin)
        wanted = min(max(wanted, 0.0), bound)
        words, possible = f"a level of {units.value(wanted, metric)}", True
    else:
        size = 2 * gate.threshold or ODD * bound
        wanted = mean - size if metric.better == "higher" else mean + size
        possible = 0 <= wanted <= (bound if metric.bound is not None else float("inf"))
        wanted = max(wanted, 0.0) if metric.bound is None else min(max(wanted, 0.0), bound)
        words = f"{'a loss' if metric.better == 'higher' else 'a rise'} of {units.size(size, metric)}"
    for i, value in zip(known, _moved(before, mean, wanted, bound if metric.bound is not None else None), strict=True):
        column[i] = value
    return replace(result, scores={**result.scores, metric.name: column}), words, possible


def _moved(values: list[float], mean: float, wanted: float, bound: float | None) -> list[float]:
    """The values with another mean: right turned wrong (or wrong right) one by one, graded ones all a little."""
    if bound is None or any(v not in (0.0, bound) for v in values):
        if wanted < mean and mean > 0:
            return [v * wanted / mean for v in values]
        if bound is not None and mean < bound:
            return [v + (bound - v) * (wanted - mean) / (bound - mean) for v in values]
        return [v + wanted - mean for v in values]
    moved, left = list(values), round(abs(wanted - mean) / bound * len(values) + 0.4999)
    old, new = (bound, 0.0) if wanted < mean else (0.0, bound)
    for i, value in enumerate(moved):
        if left and value == old:
            moved[i], left = new, left - 1
    return moved


def _rank(text: str) -> bytes:
    return hashlib.sha256(f"self-test {text!a}".encode()).digest()
