"""From judged gates to a verdict and an exit code.

Errors and unfinished runs come first (3), then a failed gate (1), then a gate that what is missing might turn (3), then
too little evidence (4); only what is left ships. Of several candidates the best one speaks for the comparison.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from fteval import errors
from fteval.records import CandidateResult, Comparison, GateResult, MetricChange, RunRecord
from fteval.stats import reasons, units
from fteval.stats.decision import holm

EXIT_CODES = {
    "ship": errors.OK,
    "measured": errors.OK,
    "do_not_ship": errors.GATE_FAILED,
    "incomplete": errors.INCOMPLETE,
    "cannot_tell": errors.INCONCLUSIVE,
}
# How good a verdict is for choosing among candidates.
_ORDER = ("ship", "measured", "cannot_tell", "incomplete", "do_not_ship")


def of_candidate(
    base: RunRecord,
    run: RunRecord,
    gates: Sequence[GateResult],
    fell: Sequence[MetricChange] = (),
    unguarded: str = "warn",
) -> tuple[str, str]:
    """A candidate's verdict and its reason in words. Advisory gates do not count.

    What `fell` without a gate is named; with `unguarded="fail"` it is a failed gate.
    """
    word, reason = _of_gates(base, run, gates)
    if not fell:
        return word, reason
    if unguarded == "fail" and word in ("ship", "measured", "cannot_tell"):
        return "do_not_ship", f"{_fallen(fell)} (unguarded: fail)"
    return word, f"{reason}; but {_fallen(fell)}"


def _fallen(fell: Sequence[MetricChange]) -> str:
    """`facts.correct fell by 50.0 pp and is not guarded`."""
    first, more = fell[0], fell[1:]
    how = "fell" if first.metric.better == "higher" else "rose"
    by = units.size(first.difference or 0.0, first.metric)
    names = ", ".join(units.name(c.probe, c.metric.name) for c in more[:4]) + (", …" if len(more) > 4 else "")
    others = f" (and {len(more)} more: {names})" if more else ""
    return f"{units.name(first.probe, first.metric.name)} {how} by {by} and is not guarded{others}"


def _of_gates(base: RunRecord, run: RunRecord, gates: Sequence[GateResult]) -> tuple[str, str]:
    blocking = [g for g in gates if not g.gate.advisory]
    found = {r: [g for g in blocking if g.result == r] for r in ("fail", "incomplete", "inconclusive", "pass")}
    broken = _broken(base, run)
    if broken:
        failed = f"; on what was answered {_some(found['fail'])}" if found["fail"] else ""
        return "incomplete", broken + failed
    if run.ended is not None:
        return "do_not_ship", f"{run.ended}: there is nothing left to ship"
    if found["fail"]:
        return "do_not_ship", _some(found["fail"])
    if found["incomplete"]:
        return "incomplete", _some(found["incomplete"])
    if found["inconclusive"]:
        return "cannot_tell", _some(found["inconclusive"])
    passed = found["pass"]
    lost = [g for g in gates if g.gate.advisory and g.result == "fail"]
    but = f"; but {_names(lost)} failed (advisory)" if lost else ""
    if not blocking:
        nothing = "only advisory gates were set, so nothing decides" if gates else "no gate was set"
        return "measured", f"{nothing}{but}" if gates else f"{nothing}, so nothing was judged"
    if len(passed) == 1:
        return "ship", _some(passed) + but
    return "ship", f"all {len(passed)} gates pass: {_names(passed)}{but}"


def exit_code(result: CandidateResult, on_inconclusive: str = "fail") -> int:
    """The exit code that goes with a verdict; with `warn`, too little evidence does not block."""
    if result.verdict == "cannot_tell" and on_inconclusive == "warn":
        return errors.OK
    return EXIT_CODES[result.verdict]


def contradiction(comparison: Comparison) -> str | None:
    """What a comparison says that its gates do not bear out; None where they do."""
    for one in comparison.candidates:
        blocking = [g for g in one.gates if not g.gate.advisory]
        results = {g.result for g in blocking}
        name = f"'{one.name}' is {one.verdict}"
        if one.verdict == "ship" and (results != {"pass"} or _broken(comparison.base, one.run)):
            return f"{name}, and its gates are not all passed"
        if one.verdict in ("measured", "cannot_tell") and "fail" in results:
            return f"{name}, and a gate failed"
        if one.verdict == "measured" and blocking:
            return f"{name}, and it has gates that decide"
        if one.verdict not in EXIT_CODES:
            return f"{name}, which is no verdict"
    chosen = best(comparison.candidates)
    if (comparison.verdict, comparison.chosen) != (chosen.verdict, chosen.name):
        return f"the verdict is {comparison.verdict}, and the best candidate's is {chosen.verdict}"
    if comparison.exit_code not in {exit_code(chosen, how) for how in ("fail", "warn")}:
        return f"the exit code is {comparison.exit_code}, and the verdict {comparison.verdict}"
    return None


def among(results: Sequence[CandidateResult], level: float = 0.95, of: int = 0) -> tuple[CandidateResult, ...]:
    """The candidates, of which those that pass alone but may pass by chance among so many become `cannot_tell`.

    The largest of a candidate's tests is the test of shipping it; Holm over all keeps the chance of any wrong `ship`
    where it is for one. Those `of` so many that are not here were worse, or they would be.
    """
    n = max(len(results), of)
    if n < 2:
        return tuple(results)
    # What looks have spent, the test at the planned end does not have; each gate knows its level.
    alpha = (1 - max([level, *(g.level for r in results for g in r.gates)])) / 2
    shown = holm([*map(_doubt, results), *[1.0] * (n - len(results))], alpha)[: len(results)]
    crowd = f"passes on its own; among {n} candidates one such result may be chance: more samples would tell"
    return tuple(
        replace(r, verdict="cannot_tell", reason=crowd + (f"; but {_fallen(r.unguarded)}" if r.unguarded else ""))
        if r.verdict == "ship" and not sure
        else r
        for r, sure in zip(results, shown, strict=True)
    )


def _doubt(result: CandidateResult) -> float:
    """The chance of passing like this with one gate truly broken; 1 where nothing blocking was judged."""
    blocking = [g for g in result.gates if not g.gate.advisory]
    if any(g.result != "pass" for g in blocking):
        return 1.0
    # A guard of a model against itself passes by identity and leaves no doubt.
    return max((g.p_pass for g in blocking if g.reason != reasons.SAME_MODEL), default=0.0 if blocking else 1.0)


def best(results: Sequence[CandidateResult]) -> CandidateResult:
    """The candidate with the best verdict; among equals the one whose gains are surest, then the first."""
    return min(results, key=lambda r: (_ORDER.index(r.verdict), -_sure_gain(r)))


def _sure_gain(result: CandidateResult) -> float:
    """Sum of the interval ends that speak least for the candidate.

    Over what gates want more of; without such gates over the primary metrics.
    """
    wanted = [g.change for g in result.gates if g.gate.rule == "min_gain" and g.change is not None]
    total = 0.0
    for change in wanted or [c for c in result.changes if c.metric.primary]:
        if change.metric.unit == "share" and change.low is not None and change.high is not None:
            total += change.low if change.metric.better == "higher" else -change.high
    return total


def _broken(base: RunRecord, run: RunRecord) -> str | None:
    for which, record in (("base", base), ("candidate", run)):
        if record.errors:
            many = "answers" if record.errors > 1 else "answer"
            return f"{record.errors} of {record.planned} {many} of the {which} failed"
        if not record.complete:
            return f"the {which}'s run is not finished"
    return None


def _some(gates: Sequence[GateResult]) -> str:
    """The first gate's reason, and how many others say the same."""
    more = f" (and {len(gates) - 1} more: {_names(gates[1:])})" if gates[1:] else ""
    # A headline: the interval stands in the gate's own line.
    reason = re.sub(r"; the (change|true value) is [^;]*", "", gates[0].reason)
    colon = "" if reason.startswith(("lost", "gained", "unchanged")) else ":"
    return f"{_name(gates[0])}{colon} {reason}{more}"


def _names(gates: Sequence[GateResult]) -> str:
    names = list(dict.fromkeys(map(_name, gates)))
    return ", ".join(names[:4]) + (", …" if len(names) > 4 else "")


def _name(result: GateResult) -> str:
    return units.gate_name(result.gate)
