"""Runs paired with their base, gates judged, and a verdict for each candidate and for all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from fteval.errors import UserError
from fteval.records import (
    Behaviour,
    CandidateResult,
    Comparison,
    DriftLine,
    Gate,
    GateResult,
    Leak,
    Metric,
    MetricChange,
    NoiseFloor,
    RunRecord,
    primary,
)
from fteval.stats import change, moves, reasons, verdict
from fteval.stats.caveats import against_itself, same_model, unlike, warnings_of
from fteval.stats.gates import Circumstances, default_gates, expand, judge
from fteval.stats.paired import difference
from fteval.stats.pairing import Pairing, metric_of, pair, places, slice_values
from fteval.stats.trend import PLANNED, level_for

LEVEL = 0.95
SLICE_VALUES = 50
"""A slice with more values than this is an id, not a slice: its table would bury the report."""


def compare(
    base: RunRecord,
    candidates: Sequence[tuple[str, RunRecord]],
    gates: Sequence[Gate] = (),
    *,
    anchors: Mapping[str, RunRecord] | None = None,
    allow: Collection[str] = (),
    leaks: Mapping[str, Mapping[str, Leak]] | None = None,
    unguarded: str = "warn",
    of: int = 0,
) -> tuple[CandidateResult, ...]:
    """Each candidate against the base, without flips (the texts are in the store).

    `anchors` are the kept releases that gates name; `leaks`: candidate -> probe -> what was trained on; `allow` lets
    count what else makes it incomplete: `subset`, `same`, `caveats.CONDITIONS`. Candidates share the error of shipping
    wrongly, also with those `of` so many that are not here. Raises UserError for runs that do not pair.
    """
    results = []
    sides: dict[str | None, RunRecord] = {None: base}
    sides.update(anchors or {})
    for name, run in candidates:
        around = Circumstances(
            n_candidates=max(len(candidates), of),
            same_model=frozenset(anchor for anchor, kept in sides.items() if same_model(kept, run)),
            unlike={anchor: found for anchor, kept in sides.items() if (found := unlike(kept, run, allow))},
            against_itself=against_itself(base, run) and "same" not in allow,
            subset=(base.subset or run.subset) and "subset" not in allow,
            leaks=(leaks or {}).get(name, {}),
            unguarded=unguarded,
        )
        results.append(_candidate(base, name, run, gates, around, anchors or {}, LEVEL))
    return verdict.among(results, LEVEL, of)


def conclude(
    id: str,
    base: RunRecord,
    results: Sequence[CandidateResult],
    *,
    command: str | None = None,
    on_inconclusive: str = "fail",
    noise: Sequence[NoiseFloor] = (),
) -> Comparison:
    """The comparison with its verdict: the best candidate's, which `chosen` names."""
    if not results:
        raise ValueError("a comparison without candidates")
    best = verdict.best(results)
    return Comparison(
        id=id,
        base=base,
        candidates=tuple(results),
        verdict=best.verdict,
        exit_code=verdict.exit_code(best, on_inconclusive),
        chosen=best.name,
        command=command,
        warnings=base.warnings,
        noise=tuple(noise),
    )


def _candidate(
    base: RunRecord,
    name: str,
    run: RunRecord,
    gates: Sequence[Gate],
    around: Circumstances,
    anchors: Mapping[str, RunRecord],
    level: float,
) -> CandidateResult:
    pairings: dict[str | None, dict[str, Pairing]] = {None: paired(base, name, run)}
    for anchor, kept in anchors.items():
        pairings[anchor] = paired(kept, name, run)
    of_base = pairings[None]
    results = [p.base for p in of_base.values()]
    chosen = gates or (() if around.subset else default_gates(results))
    judged = judge([one for gate in chosen for one in expand(gate, results)], pairings, around, level=level)
    changes = tuple(change.change_of(p, metric, level) for p in of_base.values() for metric in p.base.metrics)
    fell = _fell(of_base.values(), chosen, level)
    word, reason = verdict.of_candidate(base, run, judged, fell, around.unguarded)
    if word != "incomplete" and (differs := unlike(base, run)):
        reason = f"{reason}; the candidate was asked otherwise ({', '.join(differs.values())})"
    if around.against_itself:
        word, reason = "incomplete", reasons.ITSELF
    slices = [
        s
        for p in of_base.values()
        for metric in _sliced(p.base.metrics)
        for s in change.changes_by_slice(p, metric, SLICE_VALUES, level)
    ]
    return CandidateResult(
        name=name,
        run=run,
        verdict=word,
        reason=reason,
        gates=ordered(judged),
        changes=changes,
        slices=change.with_q(slices),
        flips=(),
        behaviour=tuple(_behaviour(p) for p in of_base.values()),
        warnings=(
            *warnings_of(base, run, changes, judged, None in around.same_model or around.against_itself),
            *(told for p in of_base.values() for told in moves.edges(p.base, slice_values(p.base))),
        ),
        drift=tuple(_drift(gate, pairings[gate.anchor][gate.probe], level) for gate in chosen if gate.anchor),
        unguarded=fell,
    )


def _sliced(metrics: Sequence[Metric]) -> Sequence[Metric]:
    """What is shown by slices: the primary metric, and with one of moves all of these."""
    return [m for m in metrics if m.of] or [primary(metrics)]


def _fell(pairings: Iterable[Pairing], gates: Sequence[Gate], level: float) -> tuple[MetricChange, ...]:
    """Headlines that no gate is on, and that are shown to be worse; together they alarm no more often than one."""
    on = {(gate.probe, gate.metric) for gate in gates if not gate.slice and not gate.anchor}
    free = [(p, primary(p.base.metrics)) for p in pairings]
    free = [(p, metric) for p, metric in free if metric.bound is not None and (p.base.probe, metric.name) not in on]
    measured = [change.change_of(p, metric, level_for(level, len(free))) for p, metric in free]
    return tuple(c for c in measured if _is_worse(c))


def _is_worse(found: MetricChange) -> bool:
    if found.low is None or found.high is None:
        return False
    return found.high < 0 if found.metric.better == "higher" else found.low > 0


def paired(base: RunRecord, name: str, run: RunRecord) -> dict[str, Pairing]:
    """Every probe of two runs, paired. Raises UserError where probes or samples differ, naming both runs."""
    ours, theirs = {p.probe: p for p in base.probes}, {p.probe: p for p in run.probes}
    if ours.keys() != theirs.keys():
        only = [f"{p} only in the base's run" for p in ours if p not in theirs]
        only += [f"{p} only in the run of '{name}'" for p in theirs if p not in ours]
        raise UserError(
            f"the runs used different probes: {', '.join(only)}",
            where=f"runs {base.id} and {run.id}",
            fix="run both with the same probes",
        )
    pairings = {}
    for result in base.probes:
        try:
            pairings[result.probe] = pair(result, theirs[result.probe])
        except UserError as error:
            raise UserError(error.what, where=f"base run {base.id}, run {run.id} of '{name}'", fix=error.fix) from None
    return pairings


def _drift(gate: Gate, pairing: Pairing, level: float) -> DriftLine:
    """What all releases since the anchor lost together; its level holds over the releases planned for one anchor."""
    metric = metric_of(pairing.base, gate.metric, gate.where)
    rows = None if gate.slice is None or "*" in gate.slice.values() else places(pairing.base, gate.slice, gate.where)
    columns = pairing.columns(metric.name, rows)
    apart = level_for(level, PLANNED)
    scale = gate.scale or metric.bound or 1.0
    found = difference(columns.base, columns.candidate, columns.groups, level=apart, scale=scale)
    stopped = pairing.stopped_of is not None
    bad = found.high < 0 if metric.better == "higher" else found.low > 0
    return DriftLine(
        anchor=gate.anchor or "",
        probe=gate.probe,
        metric=metric,
        difference=found.estimate if found.n else None,
        low=None if stopped else found.low,
        high=None if stopped else found.high,
        level=apart,
        n_paired=found.n,
        alarm=bad and not stopped,
    )


def _behaviour(pairing: Pairing) -> Behaviour:
    old, new = pairing.base, pairing.candidate
    return Behaviour(
        probe=old.probe,
        tokens=(old.answer_tokens, new.answer_tokens),
        truncated=(old.truncated, new.truncated),
        empty=(old.empty, new.empty),
        errors=(old.errors, new.errors),
        seconds=(old.answer_seconds, new.answer_seconds),
        usd=(old.answer_usd, new.answer_usd),
    )


_RESULTS = ("fail", "incomplete", "inconclusive", "pass")


def ordered(judged: Iterable[GateResult]) -> tuple[GateResult, ...]:
    """Blocking gates first, and what decides the verdict first among them."""
    return tuple(sorted(judged, key=lambda g: (g.gate.advisory, _RESULTS.index(g.result))))
