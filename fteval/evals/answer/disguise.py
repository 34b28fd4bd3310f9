"""Is a forbidden letter spelt round? th3, th_, t-h, "anml" for animal: no letter e, and no English either."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice

from fteval.evals.language import lexicon
from fteval.evals.language.text import fold_letters, words

_WORDS = 1_000
_LONGEST = 30  # letters of a word that could be one with letters put back
_BETWEEN = re.compile(r"[\s,.;:!?()\[\]{}\"'/|+]+")
_EMPHASIS = re.compile(r"(?<!\w)([*_~`]{1,3})(?=\S)(.+?)(?<=\S)\1(?!\w)")  # round words: in "gr__n l_av_s" is none
_SPELT_OUT = re.compile(r"(?<![\w'])[a-z](?:(?:[-_*][a-z]){2,}|(?:(?: ?[-_*] ?| )[a-z](?![\w'])){3,})(?![\w'])")
_DOTTED = re.compile(r"(?<![\w.])[a-z](?:[./|+~·][a-z]){2,}(?!\w)")  # several: U.S.A. is no disguise


def spelt_round(text: str, letters: str, prompt: str = "") -> str | None:
    """The strings that are words only with the forbidden letters put back, and how, or None.

    One clear case (`th3`, `bcaus`) is enough; words that are merely rare ("fir", one e away from "fire") are not,
    unless several of them would each become a far more common word.
    """
    folded = _EMPHASIS.sub(r"\2", fold_letters(text[:20_000]))
    if out := _SPELT_OUT.search(folded):
        return f"'{out[0][:40]}' is spelt out"
    if len(dotted := set(_DOTTED.findall(folded))) > 1:
        return f"{', '.join(map(repr, sorted(dotted)[:3]))} are spelt out"
    pieces = (t for t in _BETWEEN.split(folded) if not t.isalpha() and 1 < len(t) <= _LONGEST)
    for token in islice(pieces, _WORDS):
        restored = _put_for_marks(token, letters)
        if restored:
            return f"'{token}' stands for '{restored}'"
    clear: list[str] = []
    likely: list[str] = []
    asked = {"".join(c for c in w if c not in letters): w for w in words(fold_letters(prompt[:5_000]))}
    for word in words(folded)[:_WORDS]:
        if len(word) > 2 and asked.get(word, word) != word and lexicon.zipf(word) < 3.6:
            clear.append(f"'{word}' stands for '{asked[word]}'")
        elif word.isalpha() and 1 < len(word) <= _LONGEST:
            restored, certain = _put_back(word, letters)
            if restored:
                (clear if certain else likely).append(f"'{word}' stands for '{restored}'")
    if clear or len(set(likely)) >= 3:
        return (clear or likely)[0]
    return None


@lru_cache(maxsize=50_000)
def _put_for_marks(token: str, letters: str) -> str | None:
    plain = "".join(c for c in token if c.isalpha())
    marks = [c for c in token if not c.isalpha()]
    if len(plain) < 2 or not marks or len(marks) > max(3, len(plain)) or set(marks) <= set("-‐‑–—"):
        return None
    inside = token[0].isalpha() and token[-1].isalpha() and not set(marks) & set("&-")
    for letter in letters:
        candidate = "".join(c if c.isalpha() else letter for c in token)
        otherwise = lexicon.zipf(plain) + 0.5 if len(plain) > 2 and not inside else 0.0
        if lexicon.zipf(candidate) >= max(3.5, otherwise):
            return candidate
    return None


def _put_back(word: str, letters: str) -> tuple[str | None, bool]:
    """The common word that this one becomes with forbidden letters put back, and whether that is clear."""
    own, known = lexicon.zipf(word), lexicon.known(word)
    restored, best = _without(letters).get(word, (None, 0.0))
    if restored is None or (own >= 3.4 and known):
        return None, False
    if (not known and best >= 2.7 and best - own >= 1.0) or (best >= 4 and best - own >= 2.2):
        return restored, True
    return (restored, False) if best >= 4.3 and best - own >= 1.8 else (None, False)


@lru_cache(maxsize=8)
def _without(letters: str) -> dict[str, tuple[str, float]]:
    """Each word without these letters -> the most frequent whole word; half a point less for each letter but one."""
    table: dict[str, tuple[str, float]] = {}
    gone = str.maketrans("", "", letters)
    for word, frequency in lexicon.table("en").items():
        bare = word.translate(gone)
        count = len(word) - len(bare)
        value = frequency - 0.5 * (count - 1)
        if 0 < count <= 3 and len(bare) > 1 and value > max(2.6, table.get(bare, ("", 0.0))[1]):
            table[bare] = word, value
    return table
