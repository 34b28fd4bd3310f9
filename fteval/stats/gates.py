"""Release gates: an interval passes a rule when it proves it, fails when it disproves it, and else decides nothing.

Fail closed: what is missing (an error, an answer that could not be judged) is filled in as badly and as well as it can
be, and a gate that then says otherwise is incomplete; where nothing was scored it fails; NaN compares with nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from fteval.errors import UserError
from fteval.records import Gate, GateResult, Metric, ProbeResult, primary
from fteval.registry import suggest
from fteval.stats import change, reasons
from fteval.stats.change import Column, Pairing
from fteval.stats.mean import mean
from fteval.stats.plan import Needed, Open, needed

DEFAULT = "default guard"
"""The `where` of a gate that nobody wrote."""
DEFAULT_DROP = 0.02
Columns = tuple[Column, Column, list[str | None]]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The number that a rule is about, in its own direction, and turned so that more is better."""

    estimate: float | None
    low: float | None
    high: float | None
    sign: int
    """+1 where more is better for the rule, −1 where less is."""
    target: float
    """What the turned interval must exceed."""
    n: int
    groups: int
    sd: float
    rare: bool
    scale: float
    missing: int
    method: str

    def result(self) -> str:
        """pass, fail or inconclusive."""
        if self.low is None or self.high is None:
            return "inconclusive"
        low, high = sorted((self.sign * self.low, self.sign * self.high))
        return "pass" if low >= self.target else "fail" if high < self.target else "inconclusive"


def default_gates(probes: Iterable[ProbeResult]) -> tuple[Gate, ...]:
    """What is guarded where nobody wrote a gate: no primary share may drop by more than two points."""
    headlines = [(p.probe, primary(p.metrics)) for p in probes if p.metrics]
    return tuple(
        Gate(probe, metric.name, "max_drop", DEFAULT_DROP, where=DEFAULT)
        for probe, metric in headlines
        if metric.unit == "share"
    )


def expand(gate: Gate, results: Sequence[ProbeResult]) -> list[Gate]:
    """The gate itself, or one per value for `slice: {language: "*"}`.

    Raises UserError for an unknown probe or slice.
    """
    result = probe_of(gate, results)
    gates = [gate]
    for key, wanted in (gate.slice or {}).items():
        if wanted == "*":
            values = change.slice_values(result)
            if key not in values:
                change.places(result, {key: wanted}, gate.where)
            gates = [replace(g, slice={**(g.slice or {}), key: v}) for g in gates for v in values[key]]
    # Of two starred slices only the combinations that samples are in.
    return [g for g in gates if _in_use(g.slice, result)] or gates


def _in_use(slice: Mapping[str, str] | None, result: ProbeResult) -> bool:
    return not slice or any(all(s.get(k) == v for k, v in slice.items()) for s in result.slices)


def probe_of(gate: Gate, results: Sequence[ProbeResult]) -> ProbeResult:
    """The result of the gate's probe. Raises UserError with the nearest name."""
    for result in results:
        if result.probe == gate.probe:
            return result
    known = suggest(gate.probe, [r.probe for r in results])
    raise UserError(f"a gate is on probe '{gate.probe}', which was not run. {known}", where=gate.where)


def judge(
    gate: Gate, base: ProbeResult, candidate: ProbeResult, *, level: float = 0.95, same_model: bool = False
) -> GateResult:
    """pass, fail, inconclusive or incomplete, with the reason in words and, if open, how many samples would tell.

    `same_model`: weights, template, engine and sampling are the same on both sides, so that a guard passes by identity
    where the samples alone are too few to show it. Raises UserError for an unknown metric or slice.
    """
    pairing = change.pair(base, candidate)
    metric = change.metric_of(base, gate.metric, gate.where)
    columns = pairing.columns(metric.name, change.places(base, gate.slice, gate.where))
    found = change.measure(metric, columns, level)
    seen = _evidence(gate, metric, columns, level)
    result, reason, enough = _decide(gate, metric, pairing, columns, seen, level)
    if result == "inconclusive" and same_model and gate.rule == "max_drop":
        result, reason, enough = "pass", reasons.SAME_MODEL, None
    return GateResult(
        gate=gate,
        result=result,
        reason=reason,
        change=change.as_change(pairing, metric, gate.slice, found),
        low=seen.low,
        high=seen.high,
        level=level,
        method=seen.method,
        n_needed=enough,
    )


def _decide(
    gate: Gate, metric: Metric, pairing: Pairing, columns: Columns, seen: Evidence, level: float
) -> tuple[str, str, int | None]:
    errors = pairing.base.errors + pairing.candidate.errors
    result = seen.result()
    if not seen.n and not errors:
        return "fail", reasons.nothing(seen.missing), None
    if errors or seen.missing:
        extremes = None
        if metric.unit == "share":
            extremes = [_evidence(gate, metric, _filled(columns, value), level) for value in (0.0, 1.0)]
        stands = extremes is not None and {e.result() for e in extremes} == {result}
        if errors or (result != "inconclusive" and not stands):
            return "incomplete", reasons.incomplete(gate, metric, seen, extremes, errors), None
    if result != "inconclusive":
        return result, reasons.decided(gate, metric, seen, result), None
    more = _needed(gate, metric, seen, level)
    return result, reasons.undecided(gate, metric, seen, more), more.n if more else None


def _evidence(gate: Gate, metric: Metric, columns: Columns, level: float) -> Evidence:
    share = metric.unit == "share"
    if gate.rule in ("min_gain", "max_drop"):
        d = change.measure(metric, columns, level)
        target = gate.threshold if gate.rule == "min_gain" else -gate.threshold
        sign = -1 if metric.better == "lower" else 1
        return Evidence(
            d.estimate, d.low, d.high, sign, target, d.n, d.groups, d.sd or 0.0, d.rare, d.scale, d.missing, d.method
        )
    if gate.rule not in ("min", "max"):
        raise UserError(f"no gate rule '{gate.rule}'. {suggest(gate.rule, reasons.RULES)}", where=gate.where)
    m = mean(columns[1], columns[2], level, bounded=share)
    sign = 1 if gate.rule == "min" else -1
    # At the target itself, because an observed share of 100 % has no spread at all.
    sd = (gate.threshold * (1 - gate.threshold)) ** 0.5 if share else m.sd or 0.0
    return Evidence(
        m.estimate, m.low, m.high, sign, sign * gate.threshold, m.n, m.groups, sd, False, 1.0, m.missing, m.method
    )


def _filled(columns: Columns, value: float) -> Columns:
    """The columns with an extreme for what is missing: `value` for the candidate, its opposite for the base."""
    old, new, groups = columns
    return _fill(old, 1 - value), _fill(new, value), groups


def _fill(column: Column, value: float) -> Column:
    # x - x is 0 for every finite number and NaN for the others.
    return [value if x is None or x - x != 0 else x for x in column]


def _needed(gate: Gate, metric: Metric, seen: Evidence, level: float) -> Needed | None:
    """None where no number of samples can show it: a share of 100 % or 0 % as a limit, or nothing to estimate from."""
    if seen.estimate is None or seen.low is None:
        return None
    if gate.rule in ("min", "max") and metric.unit == "share" and gate.threshold in (0.0, 1.0):
        return None
    open_ = Open(seen.sign * seen.estimate, seen.target, seen.sd, seen.n, seen.groups, seen.rare, seen.scale)
    more = needed(open_, guard=gate.rule == "max_drop", level=level)
    return replace(more, truth=seen.sign * more.truth)
