"""Which plain letters a reader sees in a character. Not the code that judges lipograms: that one checks this."""

from __future__ import annotations

import unicodedata
from functools import cache

_LATIN = ("LATIN ", "MODIFIER LETTER ", "REGIONAL INDICATOR ")
_SEEN_AS = {
    "e": "\u0454\u044d\u03b5\u2203\u03be\u20ac\u2211\u03a3\u03c3\u212e",
    "l": "\u00a3",
    "c": "\u00a2",
}
"""Shapes that people read as a letter and Unicode's table of look-alikes does not name."""


@cache
def letters_in(character: str) -> frozenset[str]:
    """Plain small letters: of \u00e9 and \uff25 and the Cyrillic \u0435 it is e, of \u0153 o and e."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    found = {c for c in plain if c.isalpha()}
    for c in {character, *plain}:
        found |= _named(c) | set(_look_alikes().get(c, ""))
    return frozenset(found)


def plain(text: str) -> str:
    """A text in small letters, accents dropped: what a forbidden word is looked for in."""
    spread = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in unicodedata.normalize("NFKD", spread) if unicodedata.category(c) not in ("Mn", "Cf"))


def _named(character: str) -> set[str]:
    """By its Unicode name, for what does not come apart: LATIN SMALL LETTER OPEN E, LATIN LETTER SMALL CAPITAL OE."""
    name = "" if character.isascii() else unicodedata.name(character, "")
    if "SCHWA" in name:
        return {"e"}
    if not any(word in name for word in _LATIN):
        return set()
    words = name.partition(" WITH ")[0].split()
    return {letter for word in words if len(word) <= 2 for letter in word.lower() if letter.isalpha()}


@cache
def _look_alikes() -> dict[str, str]:
    """Character -> the Latin letters that Unicode's confusables say it looks like."""
    from confusable_homoglyphs import confusables

    table = {c: letter for letter, shapes in _SEEN_AS.items() for c in shapes}
    for letter in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ":
        for entry in confusables.confusables_data.get(letter, ()):
            other = str(entry["c"])
            if len(other) == 1 and not other.isascii():
                table[other] = table.get(other, "") + letter.lower()
    return table
