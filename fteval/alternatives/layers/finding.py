"""Which passages of a corpus stand before a question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy

from fteval.alternatives.layers.bm25 import Scores, bm25
from fteval.alternatives.layers.corpus import Passage, distinct
from fteval.alternatives.layers.layer import Question
from fteval.errors import UserError
from fteval.records import Sample

Finder = Callable[[Question], Sequence[Passage]]
"""Question -> what is shown with it, the best first; nothing where nothing was found."""


def finder(by: str, corpus: Sequence[Passage], k: int) -> Finder:
    """The search of this name."""
    if by == "gold":
        known = {passage.id: passage for passage in corpus}
        return lambda question: [known[one] for one in gold_of(question.sample) if one in known]
    once = distinct(corpus)
    scores = bm25([passage.text for passage in once])
    best = cache(lambda text: [once[place] for place in top(scores, text, k)])
    return lambda question: best(question.text)


def top(scores: Scores, question: str, k: int) -> list[int]:
    """Places of the k best, the best first, of equals the first of the corpus; none that has nothing in common."""
    found = scores(question)
    places = numpy.flatnonzero(found > 0)
    if len(places) > k:
        least = numpy.partition(found[places], -k)[-k]
        places = places[found[places] >= least]
    order = numpy.argsort(-found[places], kind="stable")
    return [int(place) for place in places[order][:k]]


def gold_of(sample: Sample | None) -> list[str]:
    """Ids of the passages that answer a sample, as its `gold` names them: one, or a list.

    Raises UserError where it is anything else.
    """
    given = None if sample is None else sample.metadata.get("gold")
    ids = given if isinstance(given, list | tuple) else [] if given is None else [given]
    if sample and (wrong := [one for one in ids if isinstance(one, bool) or not isinstance(one, str | int)]):
        raise UserError(f"row {sample.id!r}: 'gold' is the id of a passage, or a list of ids; found {wrong[0]!r}")
    return [str(one) for one in ids]
