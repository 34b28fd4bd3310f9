"""Which texts have a question's words? BM25, as bm25s has it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy

from fteval.errors import UserError

Scores = Callable[[str], "numpy.ndarray[Any, Any]"]
"""Question -> what each text scores, in their order; 0 for one that has none of its words."""


def bm25(texts: Sequence[str]) -> Scores:
    """The index of these texts. Raises UserError where bm25s is not installed.

    Words of one letter do not count, and none is left out for being frequent: that is what the weights are for.
    """
    try:
        import bm25s
    except ImportError:
        raise UserError("finding texts needs bm25s", fix="pip install 'fteval[retrieve]'") from None
    logging.getLogger("bm25s").setLevel(logging.WARNING)  # it tells of every step, where anybody listens

    def cut(texts: Sequence[str]) -> list[list[str]]:
        return bm25s.tokenize(list(texts), stopwords=None, return_ids=False, show_progress=False)  # type: ignore[no-any-return]

    index = bm25s.BM25()
    index.index(cut(texts), show_progress=False)
    return lambda question: numpy.asarray(index.get_scores(cut([question])[0]))
