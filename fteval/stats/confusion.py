"""Which labels were taken for which: F1 per label and their mean, from counts of (wanted, answered)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

Counts = Iterable[tuple[str, str, int]]
"""(wanted, answered, how often); "" where no label was answered."""


@dataclass(frozen=True, slots=True)
class LabelScore:
    """How one label fared."""

    label: str
    n: int
    """Answers where it was wanted."""
    precision: float
    recall: float
    f1: float
    taken_for: tuple[tuple[str, int], ...]
    """What was answered in its place, the most frequent first; "" for no label."""


def label_scores(counts: Counts) -> list[LabelScore]:
    """One per label that was wanted or answered, the most wanted first.

    Precision, recall and F1 as in van Rijsbergen (1979); 0 where nothing could be divided by.
    """
    rows = list(counts)
    wanted, answered, right = Counter[str](), Counter[str](), Counter[str]()
    mistakes: dict[str, Counter[str]] = {}
    for want, said, n in rows:
        wanted[want] += n
        answered[said] += n
        if want == said:
            right[want] += n
        else:
            mistakes.setdefault(want, Counter())[said] += n
    found = []
    for label in sorted({*wanted, *answered} - {""}, key=lambda name: (-wanted[name], name)):
        hits = right[label]
        precision = hits / answered[label] if answered[label] else 0.0
        recall = hits / wanted[label] if wanted[label] else 0.0
        f1 = 2 * hits / (wanted[label] + answered[label])
        taken = sorted(mistakes.get(label, Counter()).items(), key=lambda item: (-item[1], item[0]))
        found.append(LabelScore(label, wanted[label], precision, recall, f1, tuple(taken)))
    return found


def macro_f1(counts: Counts) -> float | None:
    """The unweighted mean of the labels' F1; None without a label."""
    scores = label_scores(counts)
    return sum(s.f1 for s in scores) / len(scores) if scores else None
