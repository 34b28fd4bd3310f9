"""Does a prompt ask for what is else a sign of decay: a refrain, one word many times, strings that are no words?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from fteval.evals.language.text import READ, fold, words

_VERSE = re.compile(
    r"\b(?:poems?|verses?|songs?|lyrics|ballads?|raps?|hymns?|chants?|refrains?|chorus(?:es)?|lullab(?:y|ies)|rhymes?"
    r"|villanelles?|pantoums?|litan(?:y|ies)|anaphora|gedichte?|lied(?:er)?|poemes?|chansons?|poemas?|canci(?:on|ones))\b"
)
_AGAIN = re.compile(
    r"\b(?:(?:\d+|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|forty|fifty|a hundred"
    r"|hundred|many|several) times|repeat(?:s|ed|edly|ing)?|over and over|again and again)\b"
)
_STRINGS = re.compile(
    r"\b(?:(?:en|de)(?:code|crypt)|(?:un)?scramble|anagrams?|backwards|reverse (?:the|this|these|each)|nonsense"
    r"|gibberish|jabberwocky|made-up|lorem ipsum|klingon|elvish|dothraki|pig latin|rot-?13|onomatopoei\w+|regex(?:es)?"
    r"|(?:the|in|as) smiles|smiles (?:strings?|notations?|codes?)"
    r"|(?:in|into|to|with|using) (?:base-?\d\d|hex|morse(?: code)?|ascii|binary|ipa|an? \w+ cipher)"
    r"|(?:invent|make up|come up with|create|generate|give me|suggest|write)\b[^.?!]{0,40}"
    r"\b(?:made-up|passwords?|hash(?:es)?|uuids?|tokens?|usernames?|new words?|regular expressions?)"
    r"|(?:random|dna|rna|protein|amino acid) (?:strings?|letters|characters|sequences?))\b"
)


def wants_verse(prompt: str) -> bool:
    """Whether lines may come back: in a poem, a song, a prayer."""
    return bool(_VERSE.search(fold(prompt[:READ])))


def wants_again(prompt: str, every: Sequence[str]) -> bool:
    """Whether these words, and no others, are to be said many times."""
    prompt = fold(prompt[:READ])
    return bool(_AGAIN.search(prompt)) and {w for w in every if not w.isdigit()} <= set(words(prompt))


def wants_strings(prompt: str) -> bool:
    """Whether what no lexicon knows may be what was asked for: a code, a password, a language of one's own."""
    return bool(_STRINGS.search(fold(prompt[:READ])))
