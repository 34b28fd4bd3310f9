"""What a whole run of `category` says: macro-F1 and the confusion table, from pairs of wanted and found labels.

The found label of one answer is `Scores.answer` where `valid` is 1; everything else is `NONE`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

NONE = None
"""Stands for the label of an answer that names none, or several."""

Pair = tuple[str, str | None]
"""Wanted, found."""


def confusion(pairs: Iterable[Pair]) -> Mapping[Pair, int]:
    """How often each wanted label was answered with each found one."""
    return Counter(pairs)


def f1_per_label(pairs: Iterable[Pair]) -> dict[str, float]:
    """F1 of every label that is wanted somewhere: 0 where it is never found."""
    table = confusion(pairs)
    wanted: Counter[str] = Counter()
    found: Counter[str | None] = Counter()
    for (was, now), n in table.items():
        wanted[was] += n
        found[now] += n
    return {label: 2 * table[label, label] / (n + found[label]) for label, n in sorted(wanted.items())}


def macro_f1(pairs: Iterable[Pair]) -> float | None:
    """Mean F1 over the labels that are wanted somewhere, each counting the same; None without pairs.

    An answer without a label is a miss of the wanted label and a false find of none.
    """
    each = f1_per_label(pairs)
    return sum(each.values()) / len(each) if each else None
