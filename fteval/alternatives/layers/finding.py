"""Which passages of a corpus stand before a question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy

from fteval.alternatives.layers.bm25 import bm25
from fteval.alternatives.layers.corpus import Passage, distinct
from fteval.alternatives.layers.layer import Question
from fteval.alternatives.layers.vectors import Vectors, check_installed
from fteval.errors import UserError
from fteval.records import Sample, Shelf


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found."""

    passage: Passage
    score: float | None = None
    """The higher the better; None where nothing was searched."""


Finder = Callable[[Question], Sequence[Hit]]
"""Question -> what is shown with it, the best first; nothing where nothing was found."""


def finder(by: str, corpus: Sequence[Passage], k: int, least: float, shelf: Shelf | None) -> Finder:
    """The search of this name; what it makes once is kept on the shelf."""
    if by == "gold":
        known = {passage.id: passage for passage in corpus}
        return lambda question: [Hit(known[one]) for one in gold_of(question.sample) if one in known]
    once = distinct(corpus)
    texts = [passage.text for passage in once]
    nearest = _dense(texts, k, least, shelf) if by == "dense" else _bm25(texts, k, least)
    best = cache(lambda text: [Hit(once[place], score) for place, score in nearest(text)])
    return lambda question: best(question.text)


_Nearest = Callable[[str], list[tuple[int, float]]]
"""Question -> (place, score) of what is shown, the best first."""


def _bm25(texts: Sequence[str], k: int, least: float) -> _Nearest:
    scores = bm25(texts)
    return lambda question: top(scores(question), k, least)


def _dense(texts: Sequence[str], k: int, least: float, shelf: Shelf | None) -> _Nearest:
    check_installed()
    vectors = Vectors(texts, shelf)
    return lambda question: vectors.nearest(question, k, least)


def top(scores: numpy.ndarray[Any, Any], k: int, least: float) -> list[tuple[int, float]]:
    """(place, score) of the k best that score more than `least`, the best first, of equals the first."""
    places = numpy.flatnonzero(scores > least)
    if len(places) > k:
        kth = numpy.partition(scores[places], -k)[-k]
        places = places[scores[places] >= kth]
    order = numpy.argsort(-scores[places], kind="stable")
    return [(int(place), float(scores[place])) for place in places[order][:k]]


def gold_of(sample: Sample | None) -> list[str]:
    """Ids of the passages that answer a sample, as its `gold` names them: one, or a list.

    Raises UserError where it is anything else.
    """
    given = None if sample is None else sample.metadata.get("gold")
    ids = given if isinstance(given, list | tuple) else [] if given is None else [given]
    if sample and (wrong := [one for one in ids if isinstance(one, bool) or not isinstance(one, str | int)]):
        raise UserError(f"row {sample.id!r}: 'gold' is the id of a passage, or a list of ids; found {wrong[0]!r}")
    return [str(one) for one in ids]
