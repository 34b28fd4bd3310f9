"""Plain tables for what is not a verdict: a plan, gates broken on purpose, a noise floor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fteval.records import GatePlan, ModelPlan, NoiseFloor, Plan, Proof, ReleasePlan
from fteval.records.comparisons import DEFAULT
from fteval.reports.escape import one_line
from fteval.stats import units

RESULTS = {"pass": "passes", "fail": "FAILS", "inconclusive": "stays open", "incomplete": "is incomplete"}


def plan(found: Plan) -> str:
    """What a run would do, what its gates could see, and what to do about those that could see nothing."""
    blocks = [
        table(["Model", "to make", "reused", "prompt tokens", "answer tokens", "price"], map(_model, found.models))
    ]
    if all(g.gate.where == DEFAULT for g in found.gates):
        blocks.append("No gates: without any, no primary share may drop by more than 2 points.")
    if found.gates:
        blocks.append(
            table(["Gate", "Rule", "Samples", "If", *_powers(found.gates), "80 % with"], map(_gate, found.gates))
        )
        blocks.append(
            "The columns in % say how likely the gate passes, depending on how many answers change at all.\n"
            "Paraphrases of one question are planned as one sample."
        )
    if found.release:
        blocks.append(_release(found.release))
    blocks += [f"! {one_line(warning)}" for warning in found.warnings]
    return "\n\n".join(blocks) + "\n"


def _release(all_: ReleasePlan) -> str:
    """All gates in one sentence: a release passes when every gate does."""
    what = "its gate" if all_.gates == 1 else f"all {all_.gates} gates together"
    now = ", ".join(f"{100 * p:.0f} % ({label} change)" for label, p in all_.power.items())
    many = ", ".join(f"{'never' if n is None else f'{n:,}'} ({label})" for label, n in all_.needed.items())
    return (
        f"A release that is truly as good passes {what} with a chance of {now}.\n"
        f"For 4 of 5 cases every probe needs so many independent samples: {many}."
    )


def _model(model: ModelPlan) -> list[str]:
    made = model.answers - model.reused
    tokens = "–" if model.prompt_tokens is None else f"{model.prompt_tokens:,}"
    if model.ref is None:
        return [
            model.name,
            f"up to {made:,}",
            "trained first, if it is new",
            "?",
            f"up to {model.max_tokens:,}",
            "none: local",
        ]
    return [model.name, f"{made:,}", f"{model.reused:,}", tokens, f"up to {model.max_tokens:,}", _price(model)]


def _price(model: ModelPlan) -> str:
    if model.local:
        return "none: local"
    return "not known" if model.usd is None else f"about {model.usd:.2f} USD at most"


def _powers(gates: Sequence[GatePlan]) -> list[str]:
    """The shares of changed answers that any gate has a power for."""
    return [f"{label} change" for label in next((g.power for g in gates if g.power), {})]


def _gate(gate: GatePlan) -> list[str]:
    rule = f"{gate.gate.rule} {units.threshold(gate.gate, gate.metric)}"
    samples = str(gate.n) if gate.groups == gate.n else f"{gate.n} in {gate.groups} groups"
    name = units.gate_name(gate.gate)
    if gate.effect is None:
        return [name, rule, samples, "a level: not planned", "", "", "", ""]
    truth = "nothing is lost" if gate.effect == 0 else f"the true change is {units.change(gate.effect, gate.metric)}"
    needed = "never" if gate.needed is None else f"{gate.needed:,}"
    return [name, rule, samples, truth, *(f"{100 * p:.0f} %" for p in gate.power.values()), needed]


def proofs(found: Sequence[Proof]) -> str:
    """A line per gate and what was broken: whether it said what a working gate says."""
    rows = [
        [
            "ok  " if p.held else "NOT SHOWN",
            units.gate_name(p.gate),
            f"{p.gate.rule} {units.threshold(p.gate, p.metric)}" + (" (advisory)" if p.gate.advisory else ""),
            f"broken by {p.injected}" if p.injected != "nothing" else "unchanged",
            RESULTS[p.result],
        ]
        for p in found
    ]
    lost = [p for p in found if not p.held]
    notes = [f"{units.gate_name(p.gate)}: {one_line(p.reason)}" for p in lost]
    end = "every gate was seen to fail" if not lost else f"{len(lost)} of {len(found)} not as a working gate should be"
    return "\n\n".join([table(["", "Gate", "Rule", "The base", "The gate"], rows), *notes, end]) + "\n"


def noise(found: Sequence[NoiseFloor]) -> str:
    """What changed when a model was asked again."""
    rows = [
        [
            units.name(f.probe, f.metric.name),
            f.how,
            f"{f.flipped} of {f.n}",
            f"{units.change(f.difference, f.metric)} {units.interval(f.low, f.high, f.metric)}",
        ]
        for f in found
    ]
    note = "Reports of this model show it. A gate with a smaller margin is incomplete: no smaller change means much."
    return f"{table(['Metric', 'asked again with', 'scores changed', 'difference, 95 %'], rows)}\n\n{note}\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns as wide as they must be; untrusted names on one line each."""
    cells = [list(header), *[[one_line(cell, 120) for cell in row] for row in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in cells)
