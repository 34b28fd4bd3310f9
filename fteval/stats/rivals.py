"""Changes without training against trained ones, on the same samples and in what the training is for.

An alternative does as well where being worse by more than the margin is ruled out against every fine-tune that may ship
and in every target: all of these tests must pass, so that none is corrected for the others (Berger 1982). That any of
several alternatives is called as good wrongly has at most the chance that it has for one, and so has that any is called
worse: Holm over the alternatives, and over all that is compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fteval.records import CandidateResult, Gate, GateResult, Metric, NoiseFloor, ProbeResult, Rival
from fteval.stats import units
from fteval.stats.decision import Step, holm_steps
from fteval.stats.evidence import Evidence, bound_of, evidence
from fteval.stats.needed import needed
from fteval.stats.pairing import Columns, metric_of, pair, places

LEAST, MOST = 0.02, 0.05
"""Of the scale: what a margin that nobody set lies between."""
SHARE = 0.25
"""Of the gain that was asked for: such a margin leaves at least three quarters of it."""


def targets(result: CandidateResult) -> list[Gate]:
    """What the change is for: the gains that must be shown, the same for every candidate."""
    return [g.gate for g in result.gates if _is_target(g)]


def _is_target(found: GateResult) -> bool:
    gate, moves = found.gate, found.change is not None and found.change.metric.of is not None
    return gate.rule == "min_gain" and not gate.advisory and gate.anchor is None and not moves


def margin_of(gate: Gate, metric: Metric) -> float:
    """By how much an alternative may be worse, in the metric's unit: as set, else a quarter of the gain asked for."""
    if gate.margin is not None:
        return gate.margin
    scale = bound_of(gate, metric)
    return min(max(SHARE * gate.threshold, LEAST * scale), MOST * scale)


@dataclass(frozen=True, slots=True)
class _Cell:
    """One alternative against one fine-tune in one target."""

    alternative: str
    fine_tune: str
    rule: Gate
    metric: Metric
    columns: Columns
    barred: str

    def seen(self, level: float) -> Evidence:
        return evidence(self.rule, self.metric, self.columns, level)


def rivals(
    asked: Sequence[CandidateResult],
    trained: Sequence[CandidateResult],
    gates: Sequence[Gate],
    floors: Sequence[NoiseFloor] = (),
    hidden: int = 0,
    level: float = 0.95,
) -> tuple[Rival, ...]:
    """Each alternative against each fine-tune in each target; `floors` are of their base.

    So many more that are `hidden` were tried elsewhere and were worse, or they would be here.
    """
    alpha = (1 - level) / 2
    cells = [_cell(a, f, gate, floors) for a in asked for f in trained for gate in gates]
    seen = [cell.seen(level) for cell in cells]
    p_good = [1.0 if cell.barred else one.p_pass for cell, one in zip(cells, seen, strict=True)]
    p_worse = [1.0 if cell.barred else one.p_fail for cell, one in zip(cells, seen, strict=True)]
    names = [a.name for a in asked]
    whole = [max(p for cell, p in zip(cells, p_good, strict=True) if cell.alternative == name) for name in names]
    unseen = [1.0] * hidden
    good = dict(zip(names, holm_steps([*whole, *unseen], alpha)[: len(names)], strict=True))
    worse = holm_steps([*p_worse, *unseen], alpha)[: len(cells)]
    return tuple(_rival(cell, good[cell.alternative], step) for cell, step in zip(cells, worse, strict=True))


def _cell(a: CandidateResult, f: CandidateResult, gate: Gate, floors: Sequence[NoiseFloor]) -> _Cell:
    pairing = pair(_of(f, gate.probe), _of(a, gate.probe))
    metric = metric_of(pairing.base, gate.metric)
    rule = Gate(gate.probe, gate.metric, "max_drop", margin_of(gate, metric), gate.slice, scale=gate.scale)
    columns = pairing.columns(metric.name, places(pairing.base, gate.slice))
    stopped = "asking stopped early" if pairing.stopped_of is not None else ""
    return _Cell(a.name, f.name, rule, metric, columns, stopped or _moves_anyway(rule, metric, floors))


def _moves_anyway(rule: Gate, metric: Metric, floors: Sequence[NoiseFloor]) -> str:
    """Why a margin means nothing that is smaller than what was seen to move with nothing changed."""
    own = [abs(f.difference or 0.0) for f in floors if (f.probe, f.metric.name) == (rule.probe, rule.metric)]
    moved = max(own, default=0.0)
    return f"asked twice, the base moves by {units.size(moved, metric)}" if moved > rule.threshold else ""


def _of(result: CandidateResult, probe: str) -> ProbeResult:
    return next(p for p in result.run.probes if p.probe == probe)


def _rival(cell: _Cell, good: Step, worse: Step) -> Rival:
    state = "as_good" if good.rejected else "worse" if worse.rejected else "open"
    at = {"as_good": good.alpha, "worse": worse.alpha}.get(state, min(good.alpha, worse.alpha))
    level = 1 - 2 * at
    seen = cell.seen(level)
    more = needed(cell.rule, seen, level) if state == "open" and not cell.barred else None
    return Rival(
        alternative=cell.alternative,
        fine_tune=cell.fine_tune,
        probe=cell.rule.probe,
        metric=cell.metric,
        slice=cell.rule.slice,
        margin=cell.rule.threshold,
        state=state,
        difference=seen.estimate,
        low=None if cell.barred else seen.low,
        high=None if cell.barred else seen.high,
        level=level,
        n_paired=seen.n,
        n_needed=more.n if more else None,
        barred=cell.barred,
    )
