"""Checkers of words, letters, case and language, for `verifiable`. Each says why a text fails, or None."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import regex

from fteval.evals.ifeval.form import compared
from fteval.evals.language import lexicon
from fteval.evals.language.detect import OWN_SCRIPT, language, scripts
from fteval.evals.language.text import fold_letters, words

Kwargs = Mapping[str, Any]


# --- keywords and letters ------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(re.escape(word), re.IGNORECASE)


def existence(text: str, kwargs: Kwargs) -> str | None:
    missing = [word for word in kwargs["keywords"] if not _pattern(word).search(text)]
    return f"without {', '.join(map(repr, missing))}" if missing else None


def frequency(text: str, kwargs: Kwargs) -> str | None:
    word = kwargs["keyword"].strip()
    text = undisguised(text) if kwargs["relation"] == "less than" else text
    return compared(len(_pattern(word).findall(text)), kwargs["relation"], kwargs["frequency"], f"times {word!r}")


def forbidden_words(text: str, kwargs: Kwargs) -> str | None:
    text = undisguised(text)
    found = [word for word in kwargs["forbidden_words"] if _forbidden(word).search(text)]
    return f"forbidden: {', '.join(map(repr, found))}" if found else None


@lru_cache(maxsize=256)
def _forbidden(word: str) -> re.Pattern[str]:
    """The word as a word: an edge only where it begins or ends with a letter, so that "C++" can be found."""
    before, after = (r"\b" if c.isalnum() or c == "_" else "" for c in (word[0], word[-1]))
    return re.compile(before + re.escape(word) + after, re.IGNORECASE)


def letter_frequency(text: str, kwargs: Kwargs) -> str | None:
    letter = kwargs["letter"].strip().lower()
    text = undisguised(text) if kwargs["let_relation"] == "less than" else text
    found = text.lower().count(letter)
    return compared(found, kwargs["let_relation"], kwargs["let_frequency"], f"times {letter!r}")


_UNSEEN = regex.compile(r"[\p{Cf}\u034f\ufe00-\ufe0f]+")
_LETTERS_RUN = regex.compile(r"[\p{L}\p{M}\p{So}]++")
_NOT_LATIN = regex.compile(r"[^\p{Latin}\p{M}]|[\uff21-\uff5a]")


def undisguised(text: str) -> str:
    """The text with what a reader takes for Latin letters as such: full-width ones, Cyrillic е within English.

    Accents stay ("é" is another letter here), and so does text that is really in another script.
    """
    if text.isascii():
        return text
    text = _UNSEEN.sub("", text)
    found = scripts(text)
    if 2 * found.get("latin", 0) <= sum(found.values()):
        return text
    return str(_LETTERS_RUN.sub(lambda run: fold_letters(run[0]) if _NOT_LATIN.search(run[0]) else run[0], text))


# --- case ----------------------------------------------------------------------------------------

# Marks that part words here, so that AT&T is two and TOP-10 one; a hyphen, an apostrophe and a full stop join.
_UNIT = re.compile(r"[^\s,;:@#$%&?!*\"()\[\]{}<>`“”«»]+")
_CLITIC = re.compile(r"(?<=\w)(?='(?:s|m|d|ll|re|ve)\b)|(?<=\w)(?=n't\b)", re.IGNORECASE)  # I'm is two, as in treebanks


def capital_word_frequency(text: str, kwargs: Kwargs) -> str | None:
    found = sum(_capitals(unit) for unit in _UNIT.findall(text))
    return compared(found, kwargs["capital_relation"], kwargs["capital_frequency"], "words in capitals")


def _capitals(unit: str) -> int:
    if not any(map(str.isupper, unit)):
        return 0
    return sum(part.isupper() for dashed in unit.split("--") for part in _CLITIC.split(dashed))


def english_capital(text: str, kwargs: Kwargs) -> str | None:
    if not text.isupper():
        return "not all in capitals" if any(map(str.isalpha, text)) else "no letters"
    return _not_english(text)


def english_lowercase(text: str, kwargs: Kwargs) -> str | None:
    if not text.islower():
        return "not all in lower case" if any(map(str.isalpha, text)) else "no letters"
    return _not_english(text)


def _not_english(text: str) -> str | None:
    found = language(text.lower(), hint="en")
    if found is None:
        foreign = {name: n for name, n in scripts(text).items() if name != "latin"}
        return f"letters of another script: {', '.join(foreign)}" if foreign else None
    return None if found == "en" else f"in {found!r}, asked for English"


# --- language ------------------------------------------------------------------------------------

_DEVANAGARI = ("hi", "mr", "ne")
_SHARED = {
    **dict.fromkeys(("ru", "uk", "bg", "mk", "sr", "be", "kk", "mn"), ("cyrillic",)),
    **dict.fromkeys(("ar", "fa", "ur"), ("arabic",)),
    **dict.fromkeys(_DEVANAGARI, ("devanagari",)),
    "ja": ("kana", "zh"),
    "zh": ("zh",),
}
_LETTERS = regex.compile(r"\p{L}")
_LONGEST = 2_000  # characters of one line that are judged


def response_language(text: str, kwargs: Kwargs) -> str | None:
    wanted = base_language(kwargs["language"])
    text = text[:20_000]
    if wanted in OWN_SCRIPT:
        own = len(regex.findall(rf"\p{{{OWN_SCRIPT[wanted]}}}", text))
        letters = len(_LETTERS.findall(text))
        return None if 2 * own > letters else f"{own} of {letters} letters are {OWN_SCRIPT[wanted]}"
    found = _told(text, wanted)
    if found is None:
        return _too_short(text, wanted)
    if found != wanted:
        return f"in {found!r}, asked for {wanted!r}"
    for line in text.split("\n"):
        if len(words(line[:_LONGEST])) >= 5:
            other = _told(line[:_LONGEST], wanted)
            if other and "en" in (wanted, other) and other != wanted:
                return f"partly in {other!r}, asked for {wanted!r}: {line.strip()[:60]!r}"
    return None


def base_language(code: str) -> str:
    """The code without region or script (zh-cn, pt-BR), which a text cannot show."""
    return re.split(r"[-_]", code.strip().lower())[0]


def _told(text: str, wanted: str) -> str | None:
    found = language(text, hint=wanted)
    if found is None or wanted not in _DEVANAGARI or found not in _DEVANAGARI:
        return found
    import py3langid

    # There is no lexicon of Marathi and Nepali to tell them from Hindi.
    return next(str(code) for code, _ in py3langid.rank(text[:_LONGEST]) if code in _DEVANAGARI)


def _too_short(text: str, wanted: str) -> str | None:
    """For texts of a few words: they must be in the language's script and, where there is a lexicon, known words."""
    found = scripts(text)
    if not found:
        return "no letters"
    main = max(found, key=lambda name: found[name])
    if main not in _SHARED.get(wanted, ("latin",)):
        return f"letters of another script than {wanted!r}"
    if wanted not in lexicon.languages() or main != "latin":
        return None
    every = [word.casefold() for word in words(text) if not word.isdigit()]
    strange = [word for word in every if word not in lexicon.table(wanted)]
    return f"not in {wanted!r}: {', '.join(map(repr, strange[:3]))}" if 2 * len(strange) > len(every) else None
