"""The sentences that every report shares: how to read signs and intervals, and what the gates promise.

For people who are not statisticians: no p-values, and never more than what was shown.
"""

from __future__ import annotations

from collections.abc import Sequence

from fteval.records import CandidateResult, Comparison, MetricChange
from fteval.records.comparisons import AUTOMATIC, DEFAULT
from fteval.stats import units

SIGNS = {"good": "▲", "bad": "▼", "same": "≈", "stopped": "■", "unknown": "?"}
MEANING = {
    "good": "better",
    "bad": "worse",
    "same": "no change shown",
    "stopped": "stopped early, judged by its gate",
    "unknown": "too little to say",
}
READING = (
    "An interval says what the true difference may be: of intervals made this way, 19 in 20 hold it. "
    "One that holds 0 shows no change, which is not the same as showing that nothing changed."
)
LEADS = (
    "Where to look, never a gate. Of many slices some move by chance: only those stand out that still do so "
    "when that is counted in (at most 1 such lead in 20 is expected to be false)."
)
NO_TEXT = "(a baseline file keeps digests, not texts)"
LET_PASS = "the evidence does not decide, and the config lets that pass with a warning (on_inconclusive: warn)"
UNWRITTEN = {
    DEFAULT: "default guard: nobody wrote a gate, so that no probe's headline share may drop by more than this",
    AUTOMATIC: "automatic: comes with every gate on a graded metric, because a mean hides few answers that collapse",
}
"""`where` of gates that nobody wrote, and why there are such gates."""


def legend(tones: Sequence[str]) -> str:
    """`▲ better   ▼ worse   …` for every sign that may stand in a table."""
    return "   ".join(f"{SIGNS[t]} {MEANING[t]}" for t in SIGNS if t != "stopped" or t in tones)


def crowd(n: int) -> str:
    """What several candidates change about passing."""
    return (
        f"Judged together (Holm over {n} candidates): the more candidates, the surer each must be to ship, "
        "so that still at most 1 time in 40 any of them ships wrongly. Intervals are of each candidate alone."
    )


def glossary(comparison: Comparison, result: CandidateResult) -> tuple[str, ...]:
    """`term: sentence` for what this report uses."""
    lines = [
        "95 % interval: asked again with new samples of the same kind, intervals made this way hold the true "
        "difference 19 times in 20",
    ]
    if any(not g.gate.advisory for g in result.gates):
        lines.append(
            "what the gates promise: if anything guarded is truly worse than its limit, at most 1 release in 40 "
            "passes; if all is well, at most 1 in 40 is failed. For samples like these, not tuned on"
        )
    if any(g.result == "inconclusive" for g in result.gates):
        lines.append(
            "open: the samples neither show nor rule out what the gate asks; with the number of samples that is "
            "named, 4 of 5 such runs would decide"
        )
    lines += [f"groups: {text}" for text in map(_grouped, result.changes) if text]
    if any(c.stopped for c in result.changes) or any(g.stopped_after is not None for g in result.gates):
        lines.append(
            "stopped early: the verdict holds however often one looks, but a difference at which asking stops is "
            "larger than the true one on average, and has no interval"
        )
    if len(comparison.candidates) > 1:
        lines.append("several candidates: " + crowd(len(comparison.candidates)))
    return tuple(lines)


def _grouped(change: MetricChange) -> str:
    if change.n_groups is None or not change.metric.primary:
        return ""
    say = "" if change.effective is None else f", which say as much as about {change.effective:,.0f} independent ones"
    name = units.name(change.probe, change.metric.name)
    return (
        f"the {change.n_paired:,} samples of {name} are {change.n_groups:,} groups of paraphrases{say}: "
        "paraphrases move together"
    )


def split(change: MetricChange) -> str:
    """Whether more samples or more answers per sample would make the interval shorter; empty where not known."""
    if change.noise is None:
        return ""
    percent = f"{100 * change.noise:.0f} % of the uncertainty of {units.name(change.probe, change.metric.name)}"
    if change.noise >= 0.5:
        advice = "more repeats would help"
    elif change.noise >= 0.2:
        advice = "more samples would help most, more repeats a little"
    else:
        advice = "more samples would help, more repeats would not"
    return f"{percent} is sampling noise: {advice}."
