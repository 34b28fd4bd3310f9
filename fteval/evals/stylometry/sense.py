"""What Delta is blind to: the words of a sonnet in any order, or with nonsense between, are a sonnet to it.

Held out, passages of 80 words of prose and verse have 17 to 57 % words that are not among the frequent ones, and
lexicons know nine of ten of these; one pair of words is 8 % of all pairs at most. The order of frequent words tells
shuffled passages from whole ones: of 100 words, 99 of 100 are told right, of 40 words 9 of 10.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from fteval.evals.language.lexicon import non_words
from fteval.evals.language.text import READ, fold, words
from fteval.evals.stylometry.corpus import Corpus, Order, grams, neighbours

EVIDENCE = 5_000
"""Words of corpora from which the order of frequent words can be judged."""
FEWEST_PAIRS = 6
"""Neighbouring frequent words from which it can be judged for one answer."""
MOST_UNUSUAL = 0.35
"""Share of pairs of frequent words in an unusual order; the fewer pairs, the more by chance."""
FEWEST_RARER = 0.12
"""Share of words that are none of the frequent ones."""
MOST_UNKNOWN = 0.3
"""Share of these that no lexicon knows."""
MOST_OF_ONE_PAIR = 0.15
"""Share of one pair of words among all pairs."""
MOST_RECITED = 0.25
"""Share of an answer's passages of five words that may stand in the reference."""


def unordered(text: str, known: Order) -> str | None:
    """Why these are the words of sentences, but no sentences; None where they may be, or where too little is known.

    Of two frequent words side by side ("of the", "the of"), one order is common and the other hardly ever met.
    """
    if known.n_words < EVIDENCE:
        return None
    judged, unusual = 0, []
    for pair in neighbours(text):
        if pair in known.pairs:
            judged += 1
        elif pair[0] in known.anywhere and pair[1] in known.anywhere and known.judges(*pair):
            judged += 1
            unusual.append(" ".join(pair))
    if judged < FEWEST_PAIRS or len(unusual) / judged <= MOST_UNUSUAL + 0.5 / math.sqrt(judged):
        return None
    return f"words in no order: {', '.join(map(repr, unusual[:3]))} ({len(unusual)} of {judged} pairs)"


def stuffed(text: str, every: Sequence[str], known: Order, language: str | None) -> str | None:
    """Why these are frequent words with nothing between them, or nonsense; None where they are not."""
    (pair, times), *_ = Counter(pairwise(every)).most_common(1)
    if times > MOST_OF_ONE_PAIR * (len(every) - 1):
        return f"repeats '{' '.join(pair)}' {times} times in {len(every)} words"
    if known.n_words < EVIDENCE:
        return None
    rarer = [w for w in words(text[:READ]) if fold(w) not in known.anywhere]
    if len(rarer) < FEWEST_RARER * len(every):
        return f"hardly a word but the most frequent ones: {len(rarer)} others of {len(every)}"
    strange = non_words(" ".join(rarer), language or "en")
    if strange.share is not None and strange.share > MOST_UNKNOWN:
        return f"not words: {', '.join(map(repr, strange.found[:3]))} ({len(strange.found)} of {strange.judged})"
    return None


def recited(every: Sequence[str], reference: Corpus) -> float:
    """Share of the passages of five words, of those looked at, that stand in the reference."""
    looked_at = list(grams(every))
    return sum(code in reference.grams for code in looked_at) / max(1, len(looked_at))
