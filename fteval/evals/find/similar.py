"""How near are two texts in meaning? By the cosine of wordllama's static embeddings (extra `similar`): English."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import regex

if TYPE_CHECKING:
    import numpy

DIMENSIONS = 256
_READ = 20_000
"""Characters of a text that are looked at."""
_LETTER = regex.compile(r"\p{L}")
_LATIN = regex.compile(r"\p{Latin}")


def similarity(one: str, other: str) -> float | None:
    """0 to 1; None where a text is not in Latin letters, of which the embeddings know nothing."""
    one, other = one[:_READ], other[:_READ]
    if not _is_latin(one) or not _is_latin(other):
        return None
    return min(1.0, max(0.0, float(_embeddings().similarity(_clean(one), _clean(other)))))


def embedded(texts: Sequence[str]) -> numpy.ndarray[Any, Any]:
    """(texts, 256) float32, each of length 1; all 0 for a text of which the embeddings know nothing."""
    import numpy  # probes are listed without it

    with numpy.errstate(invalid="ignore", divide="ignore"):
        vectors = _embeddings().embed([_clean(text[:_READ]) for text in texts], norm=True)
    known = numpy.isfinite(vectors).all(axis=1) & [_is_latin(text[:_READ]) for text in texts]
    return numpy.where(known[:, None], vectors, numpy.float32(0))


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _is_latin(text: str) -> bool:
    return 2 * len(_LATIN.findall(text)) > len(_LETTER.findall(text))


@cache
def _embeddings() -> Any:
    handlers, level = list(logging.root.handlers), logging.root.level
    import wordllama

    # It has every library tell what it does, from then on.
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    # The package ships weights and tokenizer, but looks for the tokenizer in the folder of downloads.
    return wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)
