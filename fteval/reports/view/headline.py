"""What a report says under its verdict: which metrics moved, by the names that gates call them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fteval.records import Behaviour, CandidateResult, MetricChange
from fteval.records.comparisons import AUTOMATIC
from fteval.reports.view import rows
from fteval.stats import retrieval, units

NAMED = 6
"""Metrics of one kind that are named; more are counted."""
CUT = 0.01
"""Share of answers cut off from which on a change in counts or lengths may come from them."""
_STARTS = {
    "good": "Better on",
    "bad": "Worse on",
    "same": "No change shown on",
    "stopped": "Stopped early on",
    "unknown": "Too little to say on",
}


def summary(result: CandidateResult, changes: Sequence[MetricChange]) -> str:
    """`Better on iso_date.iso +100.0 pp. Worse on facts.correct −73.3 pp.`

    What gates are on, and the headlines of probes that have no gate or moved; then what a search found.
    """
    on = {
        (g.gate.probe, g.gate.metric): g for g in result.gates if _is_plain(g.gate.slice, g.gate.anchor, g.gate.where)
    }
    gained = {key for key, g in on.items() if g.gate.rule == "min_gain" and g.result == "pass"}
    gated = {probe for probe, _ in on}
    found: dict[str, list[str]] = {}
    for change in changes:
        key = (change.probe, change.metric.name)
        tone = rows.tone_of(change)
        moved = tone in ("good", "bad")
        if key in on or (change.metric.primary and (moved or change.probe not in gated)):
            # A gain that passed its gate is one, whatever the interval at another level says.
            tone = "good" if key in gained and tone != "stopped" else tone
            found.setdefault(tone, []).append(_moved(change, tone, result))
    sentences = [f"{start} {_listed(found[tone])}." for tone, start in _STARTS.items() if tone in found]
    return " ".join([*sentences, *filter(None, [retrieval.sentence(result.run)])])


def _is_plain(slice: Mapping[str, str] | None, anchor: str | None, where: str | None) -> bool:
    return not slice and not anchor and where != AUTOMATIC


def _moved(change: MetricChange, tone: str, result: CandidateResult) -> str:
    name = units.name(change.probe, change.metric.name)
    if tone not in ("good", "bad"):
        return name
    cut = " (answers cut off)" if cut_off(change, result.behaviour) else ""
    return f"{name} {units.change(change.difference, change.metric)}{cut}"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join([*names[:NAMED], *([f"{more:,} more"] if more > 0 else [])])


def cut_off(change: MetricChange, behaviour: Sequence[Behaviour]) -> str:
    """`answers cut off: 0 → 14 of 400` where a change that is shown may come from them; empty else.

    Each answer cut off can turn one answer: where they are half of a share's change or more, they may explain it.
    """
    cut = next((b.truncated for b in behaviour if b.probe == change.probe), (0, 0))
    share = max(cut) / max(change.planned, 1)
    least = abs(change.difference or 0.0) / 2 if change.metric.unit == "share" else CUT
    if rows.tone_of(change) not in ("good", "bad") or share < max(least, 1e-9):
        return ""
    if change.metric.partial:  # answers cut off are counted per probe, and may be to other questions
        return ""
    return f"answers cut off: {cut[0]:,} → {cut[1]:,} of {change.planned:,}"
