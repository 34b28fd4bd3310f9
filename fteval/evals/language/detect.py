"""Which language a text is in: by its words' frequencies, by py3langid where English does not fit, by its script."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

import regex

from fteval.evals.language import lexicon
from fteval.evals.language.text import READ, fold, without_code, word_set, words

_LOOKED_AT, _WORDS = 2_000, 60  # characters; words whose frequencies are looked up

OWN_SCRIPT = {
    "ko": "Hangul", "el": "Greek", "he": "Hebrew", "th": "Thai", "bn": "Bengali", "ta": "Tamil", "te": "Telugu",
    "kn": "Kannada", "gu": "Gujarati", "pa": "Gurmukhi", "ml": "Malayalam", "si": "Sinhala", "am": "Ethiopic",
    "ka": "Georgian", "hy": "Armenian", "km": "Khmer", "lo": "Lao", "my": "Myanmar",
}  # fmt: skip
"""Languages that nearly alone write a script."""
_SCRIPTS = {
    "latin": regex.compile(r"\p{Latin}"),
    "zh": regex.compile(r"\p{Han}"),
    "kana": regex.compile(r"[\p{Hiragana}\p{Katakana}]"),
    "cyrillic": regex.compile(r"\p{Cyrillic}"),
    "arabic": regex.compile(r"\p{Arabic}"),
    "devanagari": regex.compile(r"\p{Devanagari}"),
    **{code: regex.compile(rf"\p{{{name}}}") for code, name in OWN_SCRIPT.items()},
}
_TOLD_BY_WORDS = {"cyrillic": ("ru", "uk", "bg", "mk"), "arabic": ("ar", "fa", "ur"), "devanagari": ("hi",)}
"""Lexicons of one script: py3langid takes short Ukrainian for Macedonian."""


@lru_cache(maxsize=10_000)
def _script(character: str) -> str | None:
    return next((name for name, pattern in _SCRIPTS.items() if pattern.match(character)), None)


def scripts(text: str) -> dict[str, int]:
    """Letters per script (Japanese counts as kana and Han), those that occur."""
    text = text[:READ]
    if text.isascii():
        n = sum(map(str.isalpha, text))
        return {"latin": n} if n else {}
    letters: Counter[str] = Counter()
    for character, n in Counter(text).items():
        if name := _script(character):
            letters[name] += n
    return dict(letters)


@lru_cache(maxsize=256)
def language(text: str, hint: str | None = None, least: int = 4) -> str | None:
    """The language's ISO 639-1 code, or None where the text is too short or too strange to tell.

    `hint` is a language that is likely: where two fit about equally well, it is the hint. `least` words are needed.
    """
    text = without_code(text[:READ])[:_LOOKED_AT]
    found = scripts(text)
    if not found:
        return None
    main = max(found, key=lambda name: found[name])
    if "kana" in found and main in ("kana", "zh") and found["kana"] * 10 > found.get("zh", 0):
        return "ja"
    if main == "zh" or main in OWN_SCRIPT:
        return main if found[main] >= 2 else None
    written = [w for w in words(text) if not w.isdigit()][:_WORDS]
    every = [w.casefold() for w in written]
    if main == "latin" and (_fit(every, "en") >= (4.5 if len(every) < 4 else 5.0) or _english(written)):
        return "en"
    if len(every) < least or found[main] < 3 * least:
        return None
    return _best(text, written, every, hint, _TOLD_BY_WORDS.get(main, ()))


def _best(text: str, written: list[str], every: list[str], hint: str | None, siblings: tuple[str, ...]) -> str | None:
    import py3langid

    likely = [str(code) for code, _ in py3langid.rank(text)[:3] if code != "zxx"]  # "no language": data
    fits = {code: _fit(every, code) for code in {*likely, *siblings, "en", hint or "en"} if code in lexicon.languages()}
    best = max(sorted(fits), key=lambda code: fits[code])
    if hint in fits and fits[best] - fits[hint] < 0.4:
        best = hint
    if likely[0] not in lexicon.languages() and fits[best] < 4.0 and len(every) >= 6:
        # Swahili, Latin: no lexicon to check against, so that a table, or a list of drugs, could pass for one of them.
        terms = sum(lexicon.known(w, hint if hint in fits else "en") for w in every) > 0.8 * len(every)
        return (
            likely[0]
            if 2 * sum(w[0].isalpha() and not w[0].isupper() for w in written) > len(written) and not terms
            else None
        )
    return best if fits[best] >= 3.0 else None


def _english(written: list[str]) -> bool:
    """Whether it is English by a short order ("Describe autumn.") or around names that no lexicon has.

    "Tell Kelgarbren of Zosaham about bread."
    """
    small = [w for w in written if w[0].islower()]
    if 1 < len(written) < 4 and written[0].lower() in _ORDERS and len(small) >= len(written) - 1:
        return all(lexicon.zipf(w.casefold(), "en") >= 3.0 for w in written)
    return len(small) >= 3 and 2 * len(small) >= len(written) - 1 and _fit(small, "en") >= 5.2


_ORDERS = word_set("describe explain discuss compare define summarize summarise tell write give list show")


def _fit(every: list[str], code: str) -> float:
    """Mean Zipf frequency of the words in a language: running text has 5 to 6, another language's 2 to 4."""
    if not every:
        return 0.0
    zipf = lexicon.table(code).get
    total = 0.0
    for word in every:
        total += zipf(word, 0.0) or (0.0 if word.isascii() else zipf(fold(word), 0.0))
    return total / len(every)


_ENGLISH_NAMES = re.compile(
    r"\b(?:translat\w*|afrikaans|arabic|basque|bengali|bulgarian|catalan|chinese|mandarin|cantonese|croatian"
    r"|czech|danish|dutch"
    r"|english|esperanto|estonian|finnish|french|galician|german|greek|gujarati|hebrew|hindi|hungarian"
    r"|icelandic|indonesian|irish"
    r"|italian|japanese|korean|latin|latvian|lithuanian|malay|marathi|nepali|norwegian|persian|farsi|polish"
    r"|portuguese|punjabi"
    r"|romanian|russian|serbian|slovak|slovenian|spanish|swahili|swedish|tagalog|tamil|telugu|thai|turkish"
    r"|ukrainian|urdu"
    r"|vietnamese|welsh|yiddish|zulu|languages?|bilingual|deutsch|englisch|français|anglais|español|inglés)\b",
    re.IGNORECASE,
)


# "The French Revolution" asks for no French; "in French: What is …" does.
_ADJECTIVE = re.compile(r"(?<!\bin )(?<!\binto )(?<!\bto )(?<!\bfrom )\b[A-Z]\w+ (?=[A-Z])")


@lru_cache(maxsize=64)
def _named(prompt: str) -> re.Match[str] | None:
    """The first language that the prompt speaks of."""
    names = _ENGLISH_NAMES.finditer(prompt)
    return next((name for name in names if not _ADJECTIVE.match(prompt, name.start())), None)


def speaks_of_language(prompt: str) -> bool:
    """Whether the prompt names a language, so that words of it may be what is asked for."""
    return _named(prompt[:READ]) is not None


def switched(prompt: str, answer: str) -> tuple[bool | None, str]:
    """Whether the answer is in another language than the prompt, and why; None where it cannot be told.

    A run of letters of a script that the prompt does not use is a switch even in the middle of an answer.
    """
    named = _named(prompt[:READ])
    asked = scripts(prompt)
    if not asked:
        return None, "the prompt has no words that show its language"
    given = scripts(without_code(answer[:READ]))
    total = sum(given.values())
    if not total:
        return None, "the answer has no words that show its language"
    if named:
        return None, f"the prompt speaks of {named[0]!r}: another language may be what it asks for"
    foreign = {name: n for name, n in given.items() if name != "latin" and name not in asked}
    if "zh" in asked or "kana" in asked:
        foreign.pop("zh", None)
        if "kana" in asked:
            foreign.pop("kana", None)
    if "latin" not in asked and _mostly_latin(answer, given):
        foreign["latin"] = given["latin"]
    if foreign and sum(foreign.values()) >= max(4, total / 10):
        worst = max(foreign, key=lambda name: foreign[name])
        return (
            True,
            f"{foreign[worst]} of {total} letters are {_SCRIPT_NAMES.get(worst, worst)}, which the prompt does not use",
        )
    expected = language(prompt, least=3)
    if expected in given or (expected == "ja" and "kana" in given):
        return False, ""  # its script, perhaps beside names in Latin letters
    if expected is None:
        return None, "the prompt is too short to tell its language"
    parts = _parts(answer)
    known = [code for part in parts if (code := language(part, hint=expected)) is not None]
    if not known:
        return None, "the answer is too short to tell its language"
    other = [code for code in known if code != expected]
    if other:
        return True, f"answered in '{other[0]}', asked in '{expected}'"
    return False, ""


_SCRIPT_NAMES = {**OWN_SCRIPT, "zh": "Han"}
_LETTERS_PER_WORD = {"zh": 1.7, "kana": 3, "ko": 3}


def _mostly_latin(answer: str, given: Mapping[str, int]) -> bool:
    """Whether half of the answer's words are in Latin letters, and not only names of films and people."""
    size = {name: n / _LETTERS_PER_WORD.get(name, 5) for name, n in given.items()}
    if 2 * size.get("latin", 0) < sum(size.values()):
        return False
    latin = _LATIN_WORD.findall(without_code(answer[:READ]))
    small = sum(1 for word in latin if word[0].islower())
    return 3 * small >= len(latin)


_LATIN_WORD = regex.compile(r"\p{Latin}[\p{Latin}\p{M}'’-]*+")


def _parts(answer: str) -> list[str]:
    """The answer, or its first, middle and last 400 characters: a switch may come late."""
    if len(answer) <= 1_200:
        return [answer]
    answer = without_code(answer[: 4 * READ])
    if len(answer) <= 1_200:
        return [answer]
    middle = len(answer) // 2
    return [answer[:400], answer[middle - 200 : middle + 200], answer[-400:]]
