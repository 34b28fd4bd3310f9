"""Text as the probes see it: what of an answer is shown, its letters folded, its words and sentences."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache

import regex

from fteval.records.reasoning import parts

READ = 50_000
"""Characters of one text that are looked at where the work is more than one pass over it."""

# --- what is shown -------------------------------------------------------------------------------


def shown(text: str | None) -> str:
    """The answer without its reasoning block; "" where nothing but reasoning came."""
    return parts(text).answer if text else ""


def blank(text: str) -> bool:
    """Nothing to see: empty, white space, or characters of no width."""
    return not text.strip(_UNSEEN) if text.isascii() else not any(map(_visible, text))


_UNSEEN = "".join(map(chr, (*range(33), 127)))


def _visible(character: str) -> bool:
    return not character.isspace() and unicodedata.category(character) not in ("Cf", "Cc", "Mn", "Cs")


def broken(text: str) -> bool:
    """Whether characters that stand for undecodable bytes are more than one in fifty."""
    n = text.count("\ufffd")
    return n > 2 and n * 50 > len(text)


# --- folding -------------------------------------------------------------------------------------


class _Fold(dict[int, str]):
    """Character -> its plain lower-case writing, worked out when first met. For str.translate."""

    def __init__(self, look_alikes: bool) -> None:
        super().__init__()
        self.look_alikes = look_alikes

    def __missing__(self, code: int) -> str:
        self[code] = result = _fold_character(chr(code), self.look_alikes)
        return result


_PUNCTUATION = {
    **dict.fromkeys("’‘ʼʹ`´′‛＇", "'"),
    **dict.fromkeys("“”„‟«»″＂", '"'),
    **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
}


# Blocks with letters that fold by case, by name or by look.
_ALPHABETS = re.compile(
    "[\u0000-\u2dff\ua4d0-\ua4ff\ua640-\ua69f\ua720-\uabbf\ufb00-\ufb4f\uff00-\uffef"
    "\U00010400-\U000104ff\U0001d400-\U0001f1ff\U000e0000-\U000e007f]"
)


def _fold_character(character: str, look_alikes: bool) -> str:
    if character in _PUNCTUATION:
        return _PUNCTUATION[character]
    if unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f":
        return ""  # soft hyphen, zero width, variation selectors
    if not _ALPHABETS.match(character) and not unicodedata.decomposition(character):
        return character  # most of Unicode: Han, Hangul, symbols, surrogates
    plain = "".join(c for c in unicodedata.normalize("NFKD", character) if not _is_accent(c))
    plain = unicodedata.normalize("NFC", plain.casefold())  # Hangul falls apart under NFKD
    plain = "".join(c if c.isascii() else _latin_by_name(c) for c in plain)
    if look_alikes and not plain.isascii():
        plain = "".join(_looks_like(c) for c in plain) if character == plain else _looks_like(character, plain)
    return plain


def _is_accent(c: str) -> bool:
    return (
        "\u0300" <= c <= "\u036f" or "\u1ab0" <= c <= "\u1aff" or "\u1dc0" <= c <= "\u1dff" or "\u20d0" <= c <= "\u20ff"
    )


_NAMED = regex.compile(
    r"(?:LATIN (?:SMALL |CAPITAL )?(?:LETTER |LIGATURE )(?:SMALL CAPITAL |SMALL |OPEN |TURNED |REVERSED "
    r"|DOTLESS |INSULAR )*"
    r"|(?:NEGATIVE )?(?:SQUARED|CIRCLED|PARENTHESIZED) LATIN (?:CAPITAL|SMALL) LETTER "
    r"|REGIONAL INDICATOR SYMBOL LETTER |TAG LATIN (?:CAPITAL|SMALL) LETTER )"
    r"(SCHWA|[A-Z]{1,2})(?: WITH [A-Z -]+)?"
)


def _latin_by_name(c: str) -> str:
    """Letters that Unicode does not take apart: ø, æ, ᴇ, 🅴, and the open and turned forms of e."""
    named = _NAMED.fullmatch(unicodedata.name(c, ""))
    if not named:
        return c
    return "e" if named[1] == "SCHWA" else named[1].lower()


def _looks_like(c: str, otherwise: str | None = None) -> str:
    return _look_alikes().get(c, c if otherwise is None else otherwise)


_SCRIPTS = ("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "DESERET", "MATHEMATICAL", "SCRIPT")
# Not in Unicode's table, because the shapes differ, but read as the letter by people.
_ALSO = {"є": "e", "э": "e", "ε": "e", "∃": "e", "ξ": "e", "€": "e", "£": "l", "¢": "c", "∑": "e", "Σ": "e", "℮": "e"}


@cache
def _look_alikes() -> dict[str, str]:
    """Letters of other scripts -> the ASCII letter that they look like (Unicode's confusables)."""
    from confusable_homoglyphs import confusables

    table = dict(_ALSO)
    for letter in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ":
        for entry in confusables.confusables_data.get(letter, ()):
            other = entry["c"]
            if len(other) == 1 and ord(other) > 127 and entry["n"].startswith(_SCRIPTS):
                table.setdefault(other, letter.lower())
    return table


_PLAIN, _LOOK_ALIKES = _Fold(False), _Fold(True)


def fold(text: str) -> str:
    """Lower case, accents dropped, full-width and styled letters as plain ones, quotes and dashes as on a keyboard."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text).translate(_PLAIN)


def fold_letters(text: str) -> str:
    """As `fold`, and letters of other scripts that look like a Latin one (Cyrillic е, Greek Ε) become that one.

    For asking whether a reader sees a letter; it garbles text that is really Greek or Russian.
    """
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text).translate(_LOOK_ALIKES)


# --- words and sentences -------------------------------------------------------------------------

# Unicode's default word boundaries (UAX 29), where Han and Hiragana part at every character, with two additions: a
# hyphen joins ("-o-o-o-" is one word); and Thai, Lao, Khmer and Burmese, where Unicode asks for a dictionary, have a
# word per four letters, about their mean.
_ASCII_WORD = re.compile(r"[0-9]+(?:[.,][0-9]+)+|[a-zA-Z0-9]\w*(?:['.-][a-zA-Z0-9]\w*)*", re.ASCII)
_NO_SPACES = r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_LETTER = rf"[[\p{{L}}\p{{N}}]--[\p{{Han}}\p{{Hiragana}}{_NO_SPACES}]]"
_SPACED = rf"{_LETTER}(?:{_LETTER}|[\p{{M}}_])*+"
_WORD = regex.compile(
    rf"(?V1)[0-9]+(?:[.,][0-9]+)++|[\p{{Han}}\p{{Hiragana}}]\p{{M}}*+|(?:[{_NO_SPACES}]\p{{M}}*+){{1,4}}+"
    rf"|{_SPACED}(?:['’.\-‐‑·]{_SPACED})*+"
)


# Several judges of one answer ask for the same: the last few are kept.
@lru_cache(maxsize=8)
def words(text: str) -> tuple[str, ...]:
    """The words, as they are written; numbers are words, marks and emoji are not."""
    return tuple(_ASCII_WORD.findall(text) if text.isascii() else _WORD.findall(text))


_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"')\]’”»]*\s+|(?<=[。！？])|\n+")


@lru_cache(maxsize=8)
def sentences(text: str) -> tuple[str, ...]:
    """Cut after . ! ? … and their CJK forms, and at line ends. Abbreviations cut too many; nothing here minds."""
    return tuple(s for s in (part.strip() for part in _SENTENCE_END.split(text)) if s)


_FENCE = regex.compile(r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)", regex.DOTALL)
_INLINE = regex.compile(r"`[^`\n]*+`|\bhttps?://\S++|\bwww\.\S++|[\w.+-]{1,64}@[\w.-]{1,255}")


_CODE_LINE = re.compile(
    r"^[ \t]*(?:(?:def|class|import|from|return|elif|else|try|except|with|for|while|if|async|await|yield|const"
    r"|let|var|function|public|private"
    r"|static|void|int|string|bool|fn|func|package|using|namespace|#include|#define|SELECT|INSERT|UPDATE|DELETE"
    r"|CREATE|DROP|print|echo|\$|>>>)\b"
    r"[^\n]*?(?:[(){}\[\];=]|:[ \t]*$)[^\n]*|[^\n]*[;{}][ \t]*|[\w.\[\]'\"]+[ \t]*[-+*/|&:]?=(?!=)[^\n]*"
    r"|[ \t]*</?\w[^\n>]*>[^\n]*|[ \t]+(?:return|yield|pass|break|continue)\b[^\n]*"
    r"|(?:import|from) [\w.]+(?: import [\w., *]+)?(?: as \w+)?)$",
    re.MULTILINE,
)
_TEMPLATE = re.compile(r"<\|[^|>\n]{1,40}\|>|</?s>|\[/?INST\]")
_CODE_MARKS = frozenset("=;{}()<[")
_FORMULA = re.compile(r"\$\$[^$]{1,2000}\$\$|\$[^$\n]{1,200}\$|\\[a-zA-Z]+(?:\{[^{}\n]{0,200}\})*")


@lru_cache(maxsize=8)
def without_code(text: str) -> str:
    """The text without code, links, addresses and template marks: what a lexicon or a language model may judge."""
    text = _TEMPLATE.sub(" ", text) if "<" in text or "[" in text else text
    if "\\" in text or "$" in text:
        text = _FORMULA.sub(" ", text)
    if not _CODE_MARKS.isdisjoint(text):
        text = _CODE_LINE.sub(" ", text)
    if "`" not in text and "~~~" not in text and "://" not in text and "@" not in text and "www." not in text:
        return text
    return str(_INLINE.sub(" ", _FENCE.sub(" ", text)))


def tokens(text: str) -> list[str]:
    """Words and marks, in order, as they are written."""
    return list(_TOKEN.findall(text))


def token_spans(text: str) -> Iterator[tuple[str, int, int]]:
    """Words and marks with where they begin and end."""
    return ((m[0], m.start(), m.end()) for m in _TOKEN.finditer(text))


_TOKEN = regex.compile(_WORD.pattern + r"|[^\w\s]", regex.V1)


def word_list(text: str) -> tuple[str, ...]:
    """The words of a list in this code, parted by white space."""
    return tuple(text.split())


def word_set(text: str) -> frozenset[str]:
    """The same as a set."""
    return frozenset(text.split())


def bare(word: str) -> str:
    """A word for comparison: folded, without the possessive."""
    folded = fold(word)
    return folded.removesuffix("'s").rstrip("'")
