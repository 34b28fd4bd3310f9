"""Release gates: which ones there are, and what they say together.

Fail closed: where nothing was scored a gate fails; errors, too many answers without a score, a part of the samples
and a base that leaves nothing to decide (`room`) make it incomplete; a hold-out that was trained on fails it; NaN
proves nothing. Passing needs no correction for many gates, failing has Holm's (`decision`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from fteval.errors import UserError, suggest
from fteval.records import Gate, GateResult, Leak, Metric, ProbeResult, primary
from fteval.records.comparisons import DEFAULT
from fteval.stats import change, pairing, reasons, room, sequential
from fteval.stats.betting import Risk
from fteval.stats.collapse import can_collapse, companion, is_graded
from fteval.stats.decision import holm
from fteval.stats.evidence import CHANGES, Evidence, evidence
from fteval.stats.needed import Needed, needed
from fteval.stats.pairing import Columns, Pairing

DEFAULT_DROP = 0.02


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What beside the scores decides whether gates count."""

    n_candidates: int = 1
    """How many are judged against one base: of several one may look good by chance."""
    same_model: frozenset[str | None] = frozenset()
    """Anchors (None: the base) whose model is the candidate's, asked in one way: a guard against one of them that the
    samples cannot decide passes by identity."""
    unlike: Mapping[str | None, Mapping[str, str]] = field(default_factory=dict)
    """Anchor (None: the base) -> condition -> how its run was made in another way than the candidate's, in words."""
    against_itself: bool = False
    """Base and candidate are one model: nothing is decided, whatever the gates say."""
    subset: bool = False
    """Only a part of the samples was asked (--limit)."""
    leaks: Mapping[str, Leak] = field(default_factory=dict)
    """By probe: which of its samples the candidate was trained on."""
    unguarded: str = "warn"
    """`fail` where a probe that fell and has no gate blocks."""
    n_gates: int = 1
    """How many blocking gates must all pass; for the number of samples that would tell."""


def default_gates(probes: Iterable[ProbeResult]) -> tuple[Gate, ...]:
    """What is guarded where nobody wrote a gate: no primary share may drop by more than two points.

    Of a probe whose primary share leaves the base no room to drop, the share with most room is guarded.
    """
    guarded = [(p.probe, _with_room(p)) for p in probes if p.metrics and primary(p.metrics).unit == "share"]
    return tuple(Gate(probe, metric.name, "max_drop", DEFAULT_DROP, where=DEFAULT) for probe, metric in guarded)


def _with_room(result: ProbeResult) -> Metric:
    first = primary(result.metrics)

    def left(metric: Metric) -> float:
        return room.room(metric, result.scores[metric.name]) or 0.0

    if left(first) > DEFAULT_DROP:
        return first
    # Another direction is another question: that answers are not refused says nothing about whether they are right.
    alike = [m for m in result.metrics if m.unit == "share" and m.reported and not m.partial]
    most = max((m for m in alike if m.better == first.better), key=left, default=first)
    return most if left(most) > DEFAULT_DROP else first


def expand(gate: Gate, results: Sequence[ProbeResult]) -> list[Gate]:
    """The gate itself, or one per value for `slice: {language: "*"}`.

    Raises UserError for an unknown probe or slice.
    """
    result = probe_of(gate, results)
    kinds = pairing.kinds(result)
    for key, wanted in (gate.slice or {}).items():
        if wanted == "*" and not any(key in s for s in kinds):
            pairing.places(result, {key: wanted}, gate.where)
    gates = per_value(gate, kinds)
    # Of two starred slices only the combinations that samples are in.
    return [g for g in gates if _in_use(g.slice, result)] or gates


def per_value(gate: Gate, slices: Iterable[Mapping[str, str]]) -> list[Gate]:
    """The gate itself, or one for each value that samples of these slices have where it says `*`."""
    gates, kinds = [gate], list(slices)
    for key, wanted in (gate.slice or {}).items():
        if wanted == "*":
            values = dict.fromkeys(s[key] for s in kinds if key in s)
            gates = [replace(g, slice={**(g.slice or {}), key: v}) for g in gates for v in values]
    return gates


def _in_use(slice: Mapping[str, str] | None, result: ProbeResult) -> bool:
    return not slice or any(pairing.inside(s, slice) for s in pairing.kinds(result))


def probe_of(gate: Gate, results: Sequence[ProbeResult]) -> ProbeResult:
    """The result of the gate's probe. Raises UserError with the nearest name."""
    for result in results:
        if result.probe == gate.probe:
            return result
    known = suggest(gate.probe, [r.probe for r in results])
    raise UserError(f"a gate is on probe '{gate.probe}', which was not run. {known}", where=gate.where)


def judge(
    gates: Sequence[Gate],
    pairings: Mapping[str | None, Mapping[str, Pairing]],
    around: Circumstances | None = None,
    *,
    level: float = 0.95,
) -> list[GateResult]:
    """pass, fail, inconclusive or incomplete for every gate and for what comes with it, in their order.

    `pairings`: anchor (None: the base) -> probe -> the candidate paired with it. A gate on a graded metric brings one
    on its collapse; advisory ones are judged each on its own. Raises UserError for what was not measured or has no
    bound.
    """
    around = around or Circumstances()
    opened = [case for gate in gates for case in _open(gate, pairings[gate.anchor][gate.probe])]
    # Whether a gate brings one on its collapse shows in the scores; a stake that grew with them would take back what
    # an earlier look decided.
    n_blocking = sum(1 + (gate.rule in CHANGES) for gate in gates if not gate.advisory)
    looked = any(case.pairing.sequential for case in opened)
    at = sequential.end_level(level) if looked else level
    seen = [(case, _seen(case, around, 1 if case.gate.advisory else n_blocking, level, at)) for case in opened]
    rejected = _failing([(case.gate, found) for case, found in seen], (1 - at) / 2)
    around = replace(around, n_gates=sum(not case.gate.advisory for case in opened))
    return [_result(case, found, fails, around, at) for (case, found), fails in zip(seen, rejected, strict=True)]


@dataclass(frozen=True, slots=True)
class _Case:
    gate: Gate
    metric: Metric
    pairing: Pairing
    columns: Columns
    edge: str | None = None
    """Why nothing of the kind could happen to this base."""


def _open(gate: Gate, paired: Pairing) -> list[_Case]:
    metric = pairing.metric_of(paired.base, gate.metric, gate.where)
    rows = pairing.places(paired.base, gate.slice, gate.where)
    edge = paired.edge(metric, range(len(paired.partner)) if rows is None else rows)
    columns = paired.columns(metric.name, rows)
    own = _Case(gate, metric, paired, columns, edge)
    if not is_graded(gate, metric, columns) or not can_collapse(gate, metric, columns):
        return [own]
    rule, share, indicator = companion(gate, metric, columns)
    return [own, _Case(rule, share, paired, indicator)]


def _seen(case: _Case, around: Circumstances, n_gates: int, level: float, at: float) -> Evidence:
    seen = evidence(case.gate, case.metric, case.columns, at)
    if case.pairing.sequential is None:
        return seen
    rivals = 1 if case.gate.advisory else around.n_candidates
    risk = Risk(level, gates=max(n_gates, 1), candidates=rivals)
    found = sequential.looked_at(case.gate, seen, case.columns, case.pairing.sequential, risk)
    if case.pairing.stopped_of and found.stopped_after is None:
        # Another gate's evidence ended the asking: the test of the planned end does not hold here.
        found = replace(found, p_pass=1.0, p_fail=1.0)
    return replace(found, low=None, high=None) if case.pairing.stopped_of else found


def _failing(judged: Sequence[tuple[Gate, Evidence]], alpha: float) -> list[bool]:
    """Which gates fail: Holm over the blocking ones, each advisory one for itself."""
    blocking = [found.p_fail for gate, found in judged if not gate.advisory]
    rejected = iter(holm(blocking, alpha))
    return [found.p_fail < alpha if gate.advisory else next(rejected) for gate, found in judged]


def _result(case: _Case, seen: Evidence, fails: bool, around: Circumstances, level: float) -> GateResult:
    gate, metric = case.gate, case.metric
    result, reason, enough = _decide(case, seen, fails, around, level)
    measured = change.measure(metric, case.columns, level)
    return GateResult(
        gate=gate,
        result=result,
        reason=reason,
        change=change.as_change(case.pairing, metric, gate.slice, measured),
        low=seen.low,
        high=seen.high,
        level=level,
        method=seen.method,
        n_needed=enough.n if enough else None,
        n_needed_least=enough.least if enough else None,
        p_pass=seen.p_pass,
        p_fail=seen.p_fail,
        scale=seen.scale,
        stopped_after=seen.stopped_after,
    )


def _decide(
    case: _Case, seen: Evidence, fails: bool, around: Circumstances, level: float
) -> tuple[str, str, Needed | None]:
    gate, metric = case.gate, case.metric
    blocked = _blocked(case, seen, fails, around)
    if blocked:
        return *blocked, None
    alpha = (1 - level) / 2
    if fails or seen.p_pass < alpha:
        result = "fail" if fails else "pass"
        return result, reasons.decided(gate, metric, seen, result), None
    if gate.anchor in around.same_model and gate.rule == "max_drop":
        return "pass", reasons.SAME_MODEL, None
    if case.pairing.stopped_of:
        return "inconclusive", reasons.stopped(case.pairing), None
    unequal = room.one_group(gate, seen, case.columns, level)
    if unequal:
        return "incomplete", unequal, None
    more = needed(gate, seen, level, 1 if gate.advisory else around.n_gates)
    crowded = seen.p_fail < alpha
    return "inconclusive", reasons.undecided(gate, metric, seen, more, crowded), more


def _blocked(case: _Case, seen: Evidence, fails: bool, around: Circumstances) -> tuple[str, str] | None:
    """What a gate says before its numbers are asked, where they cannot count."""
    gate, metric = case.gate, case.metric
    errors = case.pairing.base.errors + case.pairing.candidate.errors
    leak = None if gate.allow_overlap or metric.taught else around.leaks.get(gate.probe)
    if leak and not set(leak.ids).isdisjoint(case.columns.ids):  # others are no matter of this metric or slice
        return "fail", reasons.leak(str(leak))
    if not seen.n and not seen.missing and not errors and case.pairing.stopped_of:
        return "inconclusive", reasons.stopped(case.pairing)
    if case.edge and not errors:
        return "incomplete", case.edge
    sides = (case.pairing.candidate, case.pairing.base)
    faults = [side.standing.fault for side in sides if side.standing is not None and side.standing.fault is not None]
    if faults and not seen.n and not errors:
        return "incomplete", faults[0]
    if not seen.n and not errors:
        return "fail", reasons.nothing(seen.missing, case.pairing)
    if errors:
        return "incomplete", reasons.errors(errors, gate, metric, seen)
    if around.subset:
        return "incomplete", reasons.SUBSET
    unlike = around.unlike.get(gate.anchor) if gate.rule in CHANGES else None
    if unlike:
        return "incomplete", reasons.unlike(gate, unlike)
    if seen.missing > gate.max_unscored * (seen.n + seen.missing):
        return "incomplete", reasons.unscored(gate, seen, case.pairing)
    powerless = room.no_room(gate, metric, case.columns.base)
    return ("incomplete", powerless) if powerless and not _beyond(gate, seen, fails) else None


def _beyond(gate: Gate, seen: Evidence, fails: bool) -> bool:
    """Whether a gate without room was decided all the same: a guard by a gain that is shown, a target by a loss."""
    if seen.low is None or seen.high is None:
        return False
    least, most = sorted((seen.sign * seen.low, seen.sign * seen.high))
    return least > 0 if gate.rule == "max_drop" else fails and most < 0
