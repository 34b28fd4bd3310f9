"""Does a prompt ask for what is else a sign of decay: a refrain, one word many times, strings that are no words?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from fteval.evals.answer.phrases import pattern, plain
from fteval.evals.language.text import READ, fold, words

_FIGURES = re.compile(
    r"\d|[=+*/]|\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|fifty|hundred|thousand|million"
    r"|how (?:many|much|old|long|far|tall|high|big|often|fast)|when|dates?|years?|days?|times?|numbers?|digits?"
    r"|figures?|sums?|totals?|count\w*|calculat\w*|comput\w*|solve\w*|equations?|formulas?|percent\w*|prices?|costs?"
    r"|scores?|ages?|codes?|binary|hex\w*|phone|coordinates|primes?|pi|emojis?|emoticons?|symbols?|signs?|marks?|ascii"
    r"|draw\w*|patterns?|sudoku|grids?|matri(?:x|ces)|sequences?|data|csv|rat(?:e|ing)|regex\w*)\b"
)
_PROSE = re.compile(
    r"\b(?:novels?|stor(?:y|ies)|tales?|poems?|haikus?|essays?|paragraphs?|articles?|speech(?:es)?|songs?|lyrics|dialogues?"
    r"|biograph(?:y|ies)|letter to|e-?mail to|describe|explain|discuss|summari[sz]e|write about|tell me (?:about|a)"
    r"|why (?:do|does|did|is|are|was|were|should|can))\b"
)


def wants_figures(prompt: str) -> bool:
    """Whether a number, a formula, a sign or a drawing may be the whole answer."""
    return bool(_FIGURES.search(fold(prompt[:READ])))


def wants_prose(prompt: str) -> bool:
    """Whether only words can be an answer: a story, a description, a reason."""
    return bool(_PROSE.search(fold(prompt[:READ])))


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
