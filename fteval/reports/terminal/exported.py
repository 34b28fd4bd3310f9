"""An export that was tried: how alike the two models are, what was gated, and what was written or why nothing was."""

from __future__ import annotations

from collections.abc import Iterator

from fteval.records import Exported, GateResult, Likeness
from fteval.reports.escape import one_line
from fteval.reports.terminal.plain import table
from fteval.stats import units

VERDICTS = {
    "do_not_ship": "it is worse than its candidate",
    "cannot_tell": "too few samples to tell whether it is worse than its candidate",
    "incomplete": "the proof is incomplete",
}


def page(found: Exported) -> str:
    """The whole page; the comparison is kept, and has the answers that differ."""
    (result,) = found.comparison.candidates
    gates = table(["Gate", "candidate", "export", "difference", "may lose", ""], map(_gate, result.gates))
    blocks = [
        f"{one_line(found.parent)}\n  → {one_line(str(found.folder))} ({found.how})",
        "\n".join(_alike(found)),
        gates,
        *(f"! {one_line(text, 300)}" for text in result.run.warnings),
        "\n".join(_end(found)),
    ]
    return "\n\n".join(blocks) + "\n"


def _alike(found: Exported) -> Iterator[str]:
    yield f"Answers:      {found.same} of {found.answers} are the candidate's to the letter"
    if found.likeness is None:
        yield "Likelihoods:  not known: a server tells too little of them"
        return
    yield from _likelihoods(found.likeness)


def _likelihoods(like: Likeness) -> Iterator[str]:
    yield (
        f"Likelihoods:  a token's differs by {like.nats_mean:.2g} nats (largest {like.nats_max:.2g}), "
        f"KL {like.kl_mean:.2g} (largest {like.kl_max:.2g})"
    )
    yield (
        f"              {units.percent(like.top1)} % of the likeliest tokens are the same; read on {like.answers} of "
        f"the candidate's answers, {like.tokens:,} tokens"
    )


def _gate(result: GateResult) -> list[str]:
    change = result.change
    name = units.gate_name(result.gate) + (" (advisory)" if result.gate.advisory else "")
    if change is None:
        return [name, "", "", "", "", result.result]
    sides = [units.value(side, change.metric) for side in (change.base, change.candidate)]
    apart = f"{units.change(change.difference, change.metric)} {units.interval(result.low, result.high, change.metric)}"
    return [name, *sides, apart, units.threshold(result.gate, change.metric), result.result]


def _end(found: Exported) -> Iterator[str]:
    if found.written:
        size = sum(found.files.values()) / 1e6
        yield f"Written: {one_line(str(found.folder))}, {size:,.1f} MB in {len(found.files)} files"
    else:
        (result,) = found.comparison.candidates
        why = VERDICTS.get(found.comparison.verdict, "it was not judged")
        yield f"NOT written: {why}: {one_line(result.reason, 300)}"
    yield f"The answers that differ: fteval report {found.comparison.id}"
