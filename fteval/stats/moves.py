"""What became of right answers between two models: kept, lost (1 to 0) and won (0 to 1), less what luck moves.

A choice that a model does not know it guesses, and where the candidate guesses anew, some right answers are lost and as
many won by luck alone. How many, the wrong ones tell: of three options, a wrong guess drawn anew moves to the other
wrong one as often as to the right one. So each such move takes one off what was lost and one off what was won. That is
the knows-or-guesses model of Harmon et al. (arXiv:2510.17776), who reckon luck from both accuracies: that takes every
guess to be drawn anew, and most of an adapter's are its base's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from fteval.records import Metric, ProbeResult

CHOSEN = "chosen"
"""Metric that says which option an answer chose: its number, as -2 where it is wrong, 0 for none."""
OPTIONS = 3
"""Of a choice: with two, no wrong answer could move, and with more a move would count as a part of one."""
EDGE = 0.05
"""A base that can do no more of something has nothing to lose there; one that lacks no more, nothing to win."""

Column = Sequence[float | None]


def with_moves(metrics: Sequence[Metric]) -> tuple[Metric, ...]:
    """The metrics that a comparison has: first what became of those that have `moves`."""
    found = []
    for metric in metrics:
        if metric.moves and metric.primary:
            found += [Metric("kept", primary=True, of=metric.name), Metric("lost", better="lower", of=metric.name)]
            found.append(Metric("won", of=metric.name))
        elif metric.moves:
            found.append(Metric(f"{metric.name}_lost", better="lower", of=metric.name))
    return (*found, *(replace(m, primary=False) for m in metrics)) if found else tuple(metrics)


def moved(base: ProbeResult, candidate: ProbeResult, partner: Sequence[int | None]) -> tuple[ProbeResult, ProbeResult]:
    """Both results with a column on each side for what became of right answers; themselves where nothing asks for it.

    The difference of the sides is what counts: `lost` has luck on the base's side, 1 to 0 on the candidate's.
    """
    metrics = with_moves(base.metrics)
    if metrics == base.metrics:
        return base, candidate
    luck = _luck(base.scores.get(CHOSEN), candidate.scores.get(CHOSEN), partner)
    ours: dict[str, Column] = dict(base.scores)
    theirs: dict[str, Column] = dict(candidate.scores)
    for metric in metrics:
        if metric.of is not None:
            ours[metric.name], theirs[metric.name] = _columns(
                metric, base.scores[metric.of], candidate.scores[metric.of], partner, luck
            )
    return replace(base, metrics=metrics, scores=ours), replace(candidate, metrics=metrics, scores=theirs)


def _columns(
    metric: Metric, old: Column, new: Column, partner: Sequence[int | None], luck: Sequence[float]
) -> tuple[Column, Column]:
    ours: list[float | None] = [None] * len(old)
    theirs: list[float | None] = [None] * len(new)
    for i, j in enumerate(partner):
        if j is not None and (before := old[i]) is not None and (after := new[j]) is not None:
            # Over repeats a choice that was right in some may look like another wrong one on average.
            moved_by_luck = luck[i] if before == after == 0 else 0.0
            ours[i], theirs[j] = _SIDES[_kind(metric)](before, after, moved_by_luck)
    return ours, theirs


_SIDES: Mapping[str, Callable[[float, float, float], tuple[float, float]]] = {
    "kept": lambda old, new, luck: (old, min(old, new) + luck),
    "lost": lambda old, new, luck: (luck, max(old - new, 0.0)),
    "won": lambda old, new, luck: (luck, max(new - old, 0.0)),
}


def _kind(metric: Metric) -> str:
    return metric.name.rpartition("_")[2]


def _luck(old: Column | None, new: Column | None, partner: Sequence[int | None]) -> list[float]:
    """1 for each sample whose wrong choice moved to another wrong one."""
    if old is None or new is None:
        return [0.0] * len(partner)
    pairs = ((old[i], None if j is None else new[j]) for i, j in enumerate(partner))
    # Means over repeats that are no option's number say nothing of where a guess moved.
    return [float(bool(a and b and a < 0 and b < 0 and a != b and a % 1 == b % 1 == 0)) for a, b in pairs]


def edge(metric: Metric, base: ProbeResult, rows: Sequence[int]) -> str | None:
    """Why nothing of this kind could happen to these samples of the base: there is nothing to lose, or to win."""
    if metric.of is None:
        return None
    scores, chosen = base.scores[metric.of], base.scores.get(CHOSEN)
    known = [_known(score, chosen[i] if chosen else None) for i in rows if (score := scores[i]) is not None]
    share = max(sum(known) / len(known), 0.0) if known else 0.0
    if _kind(metric) == "won":
        return f"the base can do {100 * share:.0f} % of this, so that nothing can be won" if share >= 1 - EDGE else None
    return f"the base can do {100 * share:.0f} % of this, so that nothing can be lost" if share <= EDGE else None


def _known(score: float, chosen: float | None) -> float:
    """A right answer, less what guesses among the options are right by luck."""
    return score if chosen is None else score - (1 - score) / (OPTIONS - 1)


def edges(base: ProbeResult, slices: Mapping[str, Mapping[str, Sequence[int]]]) -> list[str]:
    """A sentence for what cannot be lost, and for what cannot be won, on this base: all of a probe, or slices of it."""
    told = []
    for metric in base.metrics:
        if metric.of is None or metric.name not in ("lost", "won"):
            continue  # the others are at their edge where `lost` is
        whole = edge(metric, base, range(len(base.sample_ids)))
        parts = [f"{key} {value}" for key, values in slices.items() for value, rows in values.items()
                 if edge(metric, base, rows)]  # fmt: skip
        if whole or parts:
            told.append(f"{base.probe}.{metric.name} is not scored {_where(whole, parts)}")
    return told


def _where(whole: str | None, parts: Sequence[str]) -> str:
    return f"at all: {whole}" if whole else f"in {', '.join(parts)}: the base is at its edge there"
