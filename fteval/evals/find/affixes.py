"""Is a word of a text the wanted one with what its language glues on: particles, articles, case endings?"""

from __future__ import annotations

import unicodedata

import regex

# Vowel points, harakat and tatweel are written or left out; the hamza over an alif as well.
_POINTS = regex.compile("[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]")
_ALIF = str.maketrans("أإآٱ", "اااا")

_KOREAN = regex.compile(
    r"(?:은|는|이|가|을|를|에|에서|에게|에게서|한테|께|께서|의|와|과|랑|이랑|하고|도|로|으로|만|까지|부터|마다|처럼|보다|나|이나"
    r"|들|씨|님|시|군|구|라|이라|란|이란|라고|이라고|라는|이라는|야|이야|예요|이에요|다|이다|였다|이었다|입니다|였습니다|이었습니다|이며|이고"
    r"|인|일|이지만|이므로){1,3}"
)
_ARABIC = regex.compile(r"[وف]?(?:ال|بال|كال|لل|[بكل])?")
_HEBREW = regex.compile(r"[והבכלמש]{1,3}")
_SUFFIX = regex.compile("ها?|ه[من]|كم?|ي|نا|ات|[يوا]ن|ة|ים|ות|[הוךיםן]|נו")
_INDIC = regex.compile("[\u0980-\u0d7f]")
"""From Bengali to Malayalam: cases are endings, thousands of them."""
_TURKISH = regex.compile(
    r"(?:l[ae]r)?(?:y?[ae]|[nsy]?[ıiuü]|[dt][ae]n?|n?[ıiuü]n|[ıiuü]?m[ıiuü]z|(?:y?l|c|ç)[ae]|n[ae]|n?d[ae]n?|[dt][ıiuü]r"
    r"|[dt]ir|ki)*+"
)
_TURKISH_LETTERS = regex.compile("[ıİğĞşŞ]")
_AFTER_APOSTROPHE = regex.compile(r"'(?!t\b|$)\p{L}{1,8}")
_ELIDED = regex.compile(r"(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|all|dall|dell|nell|sull|un|quest|sant|gl)'")

_SURE = 3
"""Letters that a word must have for what is glued on to be told from letters of its own."""


def unpointed(word: str) -> str:
    """An Arabic or Hebrew word as it is mostly written; others as they are."""
    return word if word.isascii() else _POINTS.sub("", word).translate(_ALIF)


def is_turkish(text: str) -> bool:
    """Whether a text has letters that of the large languages only Turkish has."""
    return not text.isascii() and _TURKISH_LETTERS.search(text) is not None


def is_form(word: str, wanted: str, turkish: bool = False) -> bool | None:
    """Whether a word is the wanted one with something glued on; None where that cannot be told. Both are folded."""
    if wanted in word and "'" in word:
        ahead, _, _ = word.partition(wanted)
        if _ELIDED.fullmatch(ahead) or not ahead:
            rest = word[len(ahead) + len(wanted) :]
            return not rest or _AFTER_APOSTROPHE.fullmatch(rest) is not None
    if word.startswith(wanted):
        return _ends(word[len(wanted) :], wanted, turkish)
    if word.isascii():
        return False
    core = wanted.removeprefix("ال") if len(wanted) > _SURE else wanted
    for prefix, script in ((_ARABIC, "\u0600"), (_HEBREW, "\u0580")):
        if script <= word[0] <= chr(ord(script) + 0xFF) and word.endswith(core):
            glued = prefix.fullmatch(word[: len(word) - len(core)]) is not None
            return glued and (True if len(core) >= _SURE else None)
    return False


def _ends(rest: str, wanted: str, turkish: bool) -> bool | None:
    """Whether what follows the wanted word is an ending."""
    if _is_hangul(rest[0]):
        return _KOREAN.fullmatch(rest) is not None or wanted[-1].isdigit()
    if _SUFFIX.fullmatch(rest) or (_INDIC.match(rest) and unicodedata.category(rest[0])[0] != "M"):
        return None
    ends = turkish and len(wanted) > 1 and _TURKISH.fullmatch(rest) is not None
    return ends and (True if len(wanted) > _SURE else None)


def _is_hangul(character: str) -> bool:
    return "\uac00" <= character <= "\ud7a3"
