"""Plain features of style: contractions, the first person, the length of sentences."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fteval.evals.language.text import fold, word_set, words


@dataclass(frozen=True, slots=True)
class Features:
    """What can be counted in a text of at least one word."""

    contractions: float
    """Per 100 words, as the next."""
    first_person: float
    sentence_words: float
    """Mean words per sentence."""


def features(text: str) -> Features | None:
    """The text's features; None where it has no word."""
    every = words(text)
    if not every:
        return None
    folded = [w.lower() for w in every] if text.isascii() else [fold(w) for w in every]
    hundreds = len(every) / 100
    return Features(
        contractions=sum(is_contraction(w) for w in folded if "'" in w or w in _SHORT) / hundreds,
        first_person=sum(_is_first_person(every, folded, i) for i, w in enumerate(folded) if w[0] in "iwmou")
        / hundreds,
        sentence_words=len(every) / max(1, n_sentences(text)),
    )


# 's is "is" or "has" after these and the possessive after nouns; 'd is "had" or "would" after these and an ending in
# verse ("banish'd") after the rest.
_BEFORE_S = word_set(
    """
    it he she that this there here what who where when how why let everything something nothing everyone everybody
    someone somebody nobody one
    """
)
_BEFORE_D = word_set("i you he she it we they that there who what how where")
_SHORT = word_set(
    """
    'tis tis 'twas twas 'twere twere 'twill twill ain't y'all gonna wanna gotta dunno lemme gimme dont doesnt didnt
    isnt wasnt arent werent couldnt wouldnt shouldnt hasnt havent theyre youre i've i'm
    """
)


def is_contraction(word: str) -> bool:
    """Whether a folded word is two words drawn together: "don't", "it's", "'tis"; not "the dog's"."""
    if word in _SHORT:
        return True
    before, mark, after = word.rpartition("'")
    if not mark or not before:
        return False
    if after in ("t", "re", "ve", "ll", "m"):
        return after != "t" or before.endswith("n") or before in ("is", "was", "on", "do", "know")
    return (after == "s" and before in _BEFORE_S) or (after == "d" and before in _BEFORE_D)


_FIRST = word_set("i me my mine myself we us our ours ourselves")
_NUMBERED = word_set("war part chapter act scene volume book phase type class section level grade step article king")
_DETERMINER = word_set("a an the this that old coal gold silver iron diamond land copper every each no")


def _is_first_person(every: tuple[str, ...], folded: list[str], i: int) -> bool:
    word = folded[i].split("'")[0]
    if word not in _FIRST:
        return False
    before = folded[i - 1] if i else ""
    if word == "i":  # World War I
        return not (before in _NUMBERED and every[i - 1][0].isupper())
    if word == "us":  # the US
        return every[i] != "US"
    return word != "mine" or before not in _DETERMINER


_END = re.compile(r"[.!?…]+[\"')\]’”»*_]*(?=\s|$)|[。！？]|\n\s*\n|\n(?=[ \t]*(?:[-*•#>]|\d{1,3}[.)]))")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'“‘])(?:[A-Za-z]|(?:[A-Za-z]\.)+[A-Za-z]|Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|vs|etc|cf|al|Fig|No|approx|ca|pp|vol)$"
)


def n_sentences(text: str) -> int:
    """Sentences with a word in them. A line of verse is none, a list item is one; "Dr. Lee" ends nothing."""
    count, start = 0, 0
    for end in _END.finditer(text):
        mark, rest = end[0], text[end.end() : end.end() + 20].lstrip("\"'“‘*_ \t\r\n")
        if mark.startswith((".", "…")) and rest[:1].islower():
            continue
        if mark == "." and rest and _abbreviated(text, end.start()):
            continue
        count += _has_word(text, start, end.start())
        start = end.end()
    return count + _has_word(text, start, len(text))


def _abbreviated(text: str, at: int) -> bool:
    found = _ABBREVIATION.search(text[max(0, at - 20) : at])
    return found is not None and found[0].strip(" \n\t(\"'“‘") not in ("I", "a", "etc")


_LETTER = re.compile(r"[^\W\d_]")


def _has_word(text: str, start: int, end: int) -> bool:
    return _LETTER.search(text, start, end) is not None
