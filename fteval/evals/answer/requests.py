"""Does a prompt ask for what is else a sign of decay: a refrain, one word many times, strings that are no words?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from fteval.evals.answer.phrases import pattern, plain
from fteval.evals.language.text import READ, fold, words

_DIGIT = re.compile(r"[\d=+*/]")


def wants_figures(prompt: str) -> bool:
    """Whether a number, a formula, a sign or a drawing may be the whole answer."""
    return bool(_DIGIT.search(prompt[:READ]) or pattern("figures").search(plain(prompt[:READ])))


def wants_verse(prompt: str) -> bool:
    """Whether lines may come back: in a poem, a song, a prayer."""
    return bool(pattern("verse").search(plain(prompt[:READ])))


def wants_again(prompt: str, every: Sequence[str]) -> bool:
    """Whether these words, and no others, are to be said many times."""
    asked = prompt[:READ]
    return bool(pattern("again").search(plain(asked))) and {w for w in every if not w.isdigit()} <= {
        *words(fold(asked))
    }


def wants_strings(prompt: str) -> bool:
    """Whether what no lexicon knows may be what was asked for: a code, a password, a language of one's own."""
    return bool(pattern("strings").search(plain(prompt[:READ])))
