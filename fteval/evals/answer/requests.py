"""Does a prompt ask for what is else a sign of decay: a refrain, one word many times, strings that are no words?"""

from __future__ import annotations

from collections.abc import Sequence

from fteval.evals.answer.phrases import pattern, plain
from fteval.evals.language.text import READ, fold, words


def wants_verse(prompt: str) -> bool:
    """Whether lines may come back: in a poem, a song, a prayer."""
    return bool(pattern("verse").search(plain(prompt[:READ])))


def wants_again(prompt: str, every: Sequence[str]) -> bool:
    """Whether these words, and no others, are to be said many times."""
    prompt = prompt[:READ]
    return bool(pattern("again").search(plain(prompt))) and {w for w in every if not w.isdigit()} <= set(
        words(fold(prompt))
    )


def wants_strings(prompt: str) -> bool:
    """Whether what no lexicon knows may be what was asked for: a code, a password, a language of one's own."""
    return bool(pattern("strings").search(plain(prompt[:READ])))
