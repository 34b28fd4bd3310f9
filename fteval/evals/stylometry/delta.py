"""Which of two corpora is a text nearer to? Burrows's Delta."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from fteval.evals.stylometry.corpus import Source

N_WORDS = 150
"""Most frequent words that are compared: Burrows's number."""
DISPERSED = 0.1
"""Share of the pieces of a corpus that a word comes in, or it is the subject of one text and no habit."""
LOUDEST = 3
"""Words that may not decide alone: "thee" and "hath" strewn into modern prose."""


@dataclass(frozen=True, slots=True)
class Word:
    """One of the words that are compared."""

    mean: float
    """Between both corpora."""
    spread: float
    direction: float
    """How far the reference lies from that mean, in spreads; the contrast lies as far on the other side."""


@dataclass(frozen=True, slots=True)
class Axis:
    """From contrast (delta 2) to reference (delta 0)."""

    words: dict[str, Word]
    length: float


@lru_cache(maxsize=8)
def axis(reference: Source, contrast: Source) -> Axis:
    """The words of both corpora with their spread over the pieces of both; each corpus counts the same."""
    ours, theirs = reference.corpus(), contrast.corpus()
    found: dict[str, Word] = {}
    for word in sorted({*ours.rates, *theirs.rates}):
        (mean, variance, share), (mean_2, variance_2, share_2) = (
            c.rates.get(word, (0.0, 0.0, 0.0)) for c in (ours, theirs)
        )
        if max(share, share_2) >= DISPERSED:
            half = (mean - mean_2) / 2
            spread = math.sqrt((variance + variance_2) / 2 + half * half)
            if spread:
                found[word] = Word((mean + mean_2) / 2, spread, half / spread)
    most = sorted(found, key=lambda word: (-found[word].mean, word))[:N_WORDS]
    return Axis({w: found[w] for w in most}, math.sqrt(math.fsum(found[w].direction ** 2 for w in most)))


@dataclass(frozen=True, slots=True)
class Distance:
    """How far a text is from the reference, as seen from between the corpora."""

    delta: float
    """1 - cosine: 0 in the reference's direction, 1 in the middle, 2 in the contrast's."""
    without_loudest: float
    """The same, had the three words that speak most for the reference been no evidence; below 1 is nearer to it."""
    loudest: tuple[str, ...]


def distance(every: Sequence[str], along: Axis) -> Distance:
    """Delta of folded words. Its sign does not depend on their number, as the one of absolute differences does."""
    counts = Counter(every)
    n = len(every)
    parts: list[tuple[float, str]] = []
    squares = 0.0
    for name, word in along.words.items():
        z = (counts[name] / n - word.mean) / word.spread
        squares += z * z
        parts.append((z * word.direction, name))
    parts.sort(reverse=True)
    scale = math.sqrt(squares) * along.length
    if not scale:
        return Distance(1.0, 1.0, ())
    total, loud = math.fsum(p for p, _ in parts), math.fsum(p for p, _ in parts[:LOUDEST])
    return Distance(1 - total / scale, 1 - (total - loud) / scale, tuple(name for _, name in parts[:LOUDEST]))
