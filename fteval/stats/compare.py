"""Runs paired with their base, gates judged, and a verdict for each candidate and for all of them."""

from __future__ import annotations

from collections.abc import Sequence

from fteval.errors import UserError
from fteval.records import Behaviour, CandidateResult, Comparison, Gate, GateResult, RunRecord, primary
from fteval.stats import verdict
from fteval.stats.change import Pairing, change_of, changes_by_slice, pair
from fteval.stats.gates import default_gates, expand, judge
from fteval.stats.warn import same_model, warnings_of

SLICE_VALUES = 50
"""A slice with more values than this is an id, not a slice: its table would bury the report."""


def compare(
    base: RunRecord, candidates: Sequence[tuple[str, RunRecord]], gates: Sequence[Gate] = (), *, level: float = 0.95
) -> tuple[CandidateResult, ...]:
    """Each candidate against the base, without flips (the texts are in the store).

    Without gates every probe's primary share is guarded (`gates.default_gates`). Raises UserError where runs answered
    different samples or used different probes, and for a gate on something that was not measured.
    """
    return tuple(_candidate(base, name, run, gates, level) for name, run in candidates)


def conclude(id: str, base: RunRecord, results: Sequence[CandidateResult], *, command: str | None = None) -> Comparison:
    """The comparison with its verdict: the best candidate's, which `chosen` names."""
    if not results:
        raise ValueError("a comparison without candidates")
    best = verdict.best(results)
    return Comparison(
        id=id,
        base=base,
        candidates=tuple(results),
        verdict=best.verdict,
        exit_code=verdict.exit_code(best),
        chosen=best.name,
        command=command,
        warnings=base.warnings,
    )


def _candidate(base: RunRecord, name: str, run: RunRecord, gates: Sequence[Gate], level: float) -> CandidateResult:
    pairings = _paired(base, name, run)
    results = [p.base for p in pairings]
    same = same_model(base, run)
    judged = []
    for gate in gates or default_gates(results):
        for one in expand(gate, results):
            pairing = next(p for p in pairings if p.base.probe == one.probe)
            judged.append(judge(one, pairing.base, pairing.candidate, level=level, same_model=same))
    changes = tuple(change_of(p, metric, level=level) for p in pairings for metric in p.base.metrics)
    word, reason = verdict.of_candidate(base, run, judged)
    return CandidateResult(
        name=name,
        run=run,
        verdict=word,
        reason=reason,
        gates=_ordered(judged),
        changes=changes,
        slices=tuple(s for p in pairings for s in changes_by_slice(p, primary(p.base.metrics), SLICE_VALUES, level)),
        flips=(),
        behaviour=tuple(_behaviour(p) for p in pairings),
        warnings=warnings_of(base, run, changes, same),
    )


def _paired(base: RunRecord, name: str, run: RunRecord) -> list[Pairing]:
    ours, theirs = {p.probe: p for p in base.probes}, {p.probe: p for p in run.probes}
    if ours.keys() != theirs.keys():
        only = [f"{p} only in the base's run" for p in ours if p not in theirs]
        only += [f"{p} only in the run of '{name}'" for p in theirs if p not in ours]
        raise UserError(
            f"the runs used different probes: {', '.join(only)}",
            where=f"runs {base.id} and {run.id}",
            fix="run both with the same probes",
        )
    pairings = []
    for result in base.probes:
        try:
            pairings.append(pair(result, theirs[result.probe]))
        except UserError as error:
            raise UserError(error.what, where=f"base run {base.id}, run {run.id} of '{name}'", fix=error.fix) from None
    return pairings


def _behaviour(pairing: Pairing) -> Behaviour:
    old, new = pairing.base, pairing.candidate
    return Behaviour(
        probe=old.probe,
        tokens=(old.answer_tokens, new.answer_tokens),
        truncated=(old.truncated, new.truncated),
        empty=(old.empty, new.empty),
        errors=(old.errors, new.errors),
    )


_RESULTS = ("fail", "incomplete", "inconclusive", "pass")


def _ordered(judged: Sequence[GateResult]) -> tuple[GateResult, ...]:
    """Blocking gates first, and what decides the verdict first among them."""
    return tuple(sorted(judged, key=lambda g: (g.gate.advisory, _RESULTS.index(g.result))))
