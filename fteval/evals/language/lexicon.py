"""Is it a word? By how often people write it (wordfreq, 40 languages), never by a list of our own.

Frequency alone does not part words from noise: web text holds every three-letter string. So short words must be more
frequent than long ones, and an English word has a vowel. Names, code and numbers are not judged.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import regex

from fteval.evals.language.text import READ, fold, fold_letters, without_code, word_list, word_set, words

LONGEST = 60
"""Letters of the longest string that is looked up; the longest words that people write have fewer."""
JUDGED = 1_000
"""Words of one text that are looked up: the first half of them at its start, the rest at its end."""

# Zipf frequency (log10 per billion words) that a lower-case string needs to pass as a word, by its length. Measured
# against Webster's word list: of random strings of 3, 4 and 5 letters 23 %, 3 % and 0.5 % pass; of words in edited
# text, 99 %.
_NEEDED = {1: 9.0, 2: 3.5, 3: 2.3, 4: 1.4}
_ONE_LETTER = {"en": "aio", "es": "aeouy", "it": "aeio", "pt": "aeo", "fr": "ày", "ca": "aeioy"}
_WITHOUT_VOWEL = word_set(
    """
    hm hmm mm mmm shh psst pst brr nth tsk zzz grr pfft cwm crwth mr mrs ms dr st jr sr vs etc tv pc dj ph km cm mm
    kg mg ml lb lbs ft pm hz kb mb gb tb kw px pts qty hr hrs ltd dept blvd mph kph rpm dvd cd cds tvs pcs
    """
)
_VOWEL = re.compile(r"[aeiouyäöüåøæœáàâãéèêëíìîïóòôõúùûý]")
_KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "poiuytrewq", "lkjhgfdsa", "mnbvcxz")


@cache
def languages() -> frozenset[str]:
    """Codes of the languages whose written words can be looked up.

    Not those that write no spaces, nor Korean, Bengali and Tamil, whose lexicons hold no words with their endings.
    """
    import wordfreq

    return frozenset(wordfreq.available_languages("best")) - {"ja", "zh", "ko", "bn", "ta"}


@cache
def table(language: str) -> dict[str, float]:
    """Word -> Zipf frequency."""
    import wordfreq

    frequencies = wordfreq.get_frequency_dict(language, "best")
    zipfs = {f: math.log10(f) + 9 for f in set(frequencies.values())}  # some 800 different ones
    return {word: zipfs[f] for word, f in frequencies.items()}


def zipf(word: str, language: str = "en") -> float:
    """log10 of occurrences per billion words; 0 for a string that the lexicon does not hold."""
    return table(language).get(word, 0.0)


@lru_cache(maxsize=100_000)
def known(word: str, language: str = "en") -> bool:
    """Whether people of that language write this lower-case word often enough to be one."""
    length = len(word)
    if language == "en" and length > 1 and word.isascii() and not _VOWEL.search(word):
        return word in _WITHOUT_VOWEL
    if length >= 4 and word in _FOUR_KEYS and zipf(word, language) < 4:
        return False
    if length == 1 and word.isalpha() and word.isascii():
        return word in _ONE_LETTER.get(language, "aeiouy")
    if zipf(word, language) >= _NEEDED.get(length, 1.0) - (0.0 if language == "en" else 0.5):
        return True
    if language != "en" and length > 4 and max(zipf(word[:-1], language), zipf(word[:-2], language)) >= 2:
        return True  # an inflected form: the smaller lexicons hold only some
    return length > 6 and _built_from_known(word, language)


_FOUR_KEYS = frozenset(row[i:j] for row in _KEYBOARD for i in range(len(row)) for j in range(i + 4, len(row) + 1))
_ENDINGS = word_list("s es ed d ing ly ness like less able er est ish y ful ment ism ist ity")
_BEGINNINGS = word_list("un re non over out under pre mis anti super semi multi inter sub co micro")


def _built_from_known(word: str, language: str) -> bool:
    """unhurriedly, hoofprints, doglike: rare as a whole, made of common parts."""
    if language == "en":
        for ending in _ENDINGS:
            stem = word.removesuffix(ending)
            if len(stem) > 3 and stem != word and max(zipf(stem), zipf(stem + "e"), zipf(stem[:-1])) >= 2.5:
                return True
        for beginning in _BEGINNINGS:
            if word.startswith(beginning) and zipf(word[len(beginning) :]) >= 2.5 and len(word) - len(beginning) > 3:
                return True
    least = 3.3 if language == "en" else 3.0
    return any(zipf(word[:i], language) >= least and zipf(word[i:], language) >= least for i in range(3, len(word) - 2))


@dataclass(frozen=True, slots=True)
class NonWords:
    """What of a text is not a word, in its order."""

    found: tuple[str, ...]
    judged: int
    """Words that were looked up: names, code, numbers and abbreviations are not."""
    total: int
    """All words, those of code too."""

    @property
    def share(self) -> float | None:
        return len(self.found) / self.judged if self.judged else None

    def spoil(self, most: float) -> bool:
        """Whether more than this share of what was judged is no word; where most was not judged (chess moves, code), of
        half of all there is."""
        return len(self.found) > most * max(self.judged, self.total / 2)


_CODE_LIKE = re.compile(r"\w*[a-z][A-Z]\w*|\w+_\w+|[a-zA-Z_]\w*\.[a-zA-Z_][\w.]*")
_LEET = str.maketrans("0134578", "oleastb")
_LEET_ALSO = str.maketrans("01", "oi")
_MIXED = re.compile(r"(?=.*[0-9])(?=.*[a-z].*[a-z])[a-z0134578]{3,}")
_CODE_NAME = re.compile(r"[a-z]\d{1,4}|[a-z]{1,3}\d{2,4}")  # a4, ps5, mig29
_MEASURE = re.compile(
    r"\d+(?:st|nd|rd|th|s|am|pm|k|m|g|kg|km|cm|mm|ml|l|h|min|x|d|bn|ft|in|lb|oz|mb|gb|tb|hz|khz|mhz|ghz|px|v|w|kw)"
)


def non_words(text: str, *known_languages: str) -> NonWords:
    """The strings of a text that are words in none of these languages (codes that `languages()` holds).

    Not judged: numbers, measures, code, short capitals (DNA), other scripts; and single letters and unknown names,
    unless they make up most of the text. A word with look-alike letters or digits in it (th3, c4t) is none.
    """
    lexicons = [code for code in known_languages if code in languages()]
    if not lexicons:
        return NonWords((), 0, 0)
    every: Sequence[str] = words(without_code(text[: 4 * READ]))
    if len(every) > JUDGED:
        every = [*every[: JUDGED // 2], *every[-JUDGED // 2 :]]
    shouted = sum(map(str.isupper, every)) > len(every) / 2
    found: list[str] = []
    names: list[str] = []  # or single letters
    judged = 0
    for word in every:
        verdict = _verdict(word, shouted, *lexicons) if len(word) <= LONGEST else "no"
        if verdict == "perhaps":
            names.append(word)
        elif verdict is not None:
            judged += 1
            if verdict == "no":
                found.append(word)
    if len(names) > 2 and len(names) > judged - len(found) and _FORMULA.isdisjoint(text[:READ]):
        found, judged = found + names, judged + len(names)
    return NonWords(tuple(found), judged, min(JUDGED, len(words(text[: 4 * READ]))))


_FORMULA = frozenset("=+^<>")


@lru_cache(maxsize=100_000)
def _verdict(word: str, shouted: bool, *lexicons: str) -> str | None:
    """`yes`, `no`, `perhaps` (one letter; unknown, but capitalised), or None (not judged)."""
    if word.endswith(("'s", "’s")):
        word = word[:-2]
    if len(word) == 1 and word.isalpha():
        if _other_script(word, lexicons):
            return None
        return "yes" if any(known(word.lower(), c) for c in lexicons) else "perhaps"
    if word.isascii():
        lower = word.lower()
        if word.isalpha():
            if any(known(lower, code) for code in lexicons):
                return "yes"
            if word.isupper() and not shouted and 2 <= len(word) <= 6:
                return None
            if _CODE_LIKE.fullmatch(word):
                return None
            name = word[0].isupper() and (shouted or not word.isupper()) and _VOWEL.search(lower)
            return "perhaps" if name else "no"
        if any(c.isdigit() for c in word):
            return "no" if disguised(lower) else None
    else:
        lower = word.casefold()
        if _mixed_script(word):
            return "no"
        if _other_script(word, lexicons) or not any(c.isalpha() for c in word):
            return None
    if _CODE_LIKE.fullmatch(word):
        return None
    parts = [p for p in re.split(r"['’.\-‐‑·_]", lower) if p]
    if len(parts) > 1:
        return _joined(word.replace("’", "'"), lower.replace("’", "'"), parts, lexicons)
    lower = lower.strip("_")
    if any(known(lower, code) or known(fold(lower), code) for code in lexicons):
        return "yes"
    return "perhaps" if word[0].isupper() else "no"


_NOT_LATIN = regex.compile(r"(?V1)[\p{L}--\p{Latin}]")
_ALPHABETS = {
    **dict.fromkeys(("ru", "uk", "bg", "mk"), regex.compile(r"\p{Cyrillic}")),
    **dict.fromkeys(("ar", "fa", "ur"), regex.compile(r"\p{Arabic}")),
    "el": regex.compile(r"\p{Greek}"),
    "he": regex.compile(r"\p{Hebrew}"),
    "hi": regex.compile(r"\p{Devanagari}"),
}


def _other_script(word: str, lexicons: tuple[str, ...]) -> bool:
    letter = _NOT_LATIN.search(word)
    return letter is not None and not any(_ALPHABETS[c].match(letter[0]) for c in lexicons if c in _ALPHABETS)


def _joined(word: str, lower: str, parts: list[str], lexicons: tuple[str, ...]) -> str | None:
    """don't, well-kept, e.g, x-ray; but not t-h, o-o-o or h-e-ll-o."""
    single = sum(len(p) == 1 and p.isalpha() for p in parts)
    if single >= 2 and "." not in lower:
        return "no" if lower == word else None  # t-h, but D-O-G and A-B
    if any(zipf(lower, code) > 1 for code in lexicons):
        return "yes"
    good = sum(any(known(p, code) for code in lexicons) or len(p) == 1 or p in _CLITICS for p in parts)
    return "yes" if good * 2 > len(parts) else "no"


_CLITICS = word_set("s t d m ll re ve l d qu n j c em til cause all o er")


def disguised(lower: str) -> bool:
    """A word with digits for letters (th3, c4t, h0us3), not a name of something (mp3, h2o, utf8)."""
    if not _MIXED.fullmatch(lower) or _MEASURE.fullmatch(lower) or _CODE_NAME.fullmatch(lower):
        return False
    return (
        max(zipf(lower.translate(_LEET)), zipf(lower.translate(_LEET_ALSO).translate(_LEET))) >= 3.5
        and zipf(lower) < 3.0
    )


def _mixed_script(word: str) -> bool:
    """Latin letters beside look-alikes of another script: only a disguise writes so."""
    latin = any(c.isascii() and c.isalpha() for c in word)
    return latin and any(
        not c.isascii() and c.isalpha() and not fold(c).isascii() and fold_letters(c).isascii() for c in word
    )
