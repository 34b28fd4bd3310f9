"""The numbers that stand in a text, in any script's digits and any country's separators, each with what it may mean."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from importlib import resources

import regex

_MOST_DIGITS = 400
"""Of one number, powers worked out."""


@dataclass(frozen=True, slots=True)
class Numeral:
    """One number as it is written."""

    start: int
    end: int
    text: str
    value: Fraction | None
    """The likeliest; None where several numbers are joined (a range, a time, a date) and none is the one."""
    also: frozenset[Fraction] = frozenset()
    """What it may be besides: 1.200 is 1.2, or 1200 in much of Europe."""
    scale: Fraction = Fraction(1)

    @property
    def digits(self) -> str:
        """Its digits alone."""
        return "".join(c for c in self.text if c.isdigit())


# --- one writing ---------------------------------------------------------------------------------

_RAISED = regex.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]++")
_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_SAME = {
    **dict.fromkeys("\u2212\u2013\u2014\u2010\u2011\u2012\ufe63\uff0d", "-"),
    **dict.fromkeys("\u00a0\u2009\u202f\u2007\u2008", "\u00a0"),
    **dict.fromkeys("\u2019\u02bc\uff07", "'"),
    **dict.fromkeys("\u00b7\u22c5\u2217\u2715", "×"),
    "٫": ".",
    "٬": ",",
    "٪": "%",
    "\u2044": "/",
    "\u2215": "/",
}
_FRACTION = regex.compile(r"(\d)?\s*\\[dtc]?frac\s*+(?:\{([^{}]{1,60})\}\s*+\{([^{}]{1,60})\}|(\d)\s?(\d))")
_MINUS = regex.compile(r"(?i)\b(?:minus|negative)\s(?=[$€£¥₹₩]?\d)(?<![\d)]\s?(?:minus|negative)\s)")
_LATEX = [
    (regex.compile(r"\{([.,])\}"), r"\1"),
    (regex.compile(r"\\[,;:! ]|(?<=\d)~(?=\d)"), "\u00a0"),
    (regex.compile(r"\\(?:text|mathrm|textbf|mathbf|mbox|textrm)\s*+\{([^{}]{0,200})\}"), r" \1 "),
    (regex.compile(r"\\([$%#&])"), r"\1"),
    (regex.compile(r"\\(?:times|cdot)(?![a-zA-Z])"), "×"),
    (regex.compile(r"\\(?:left|right|,)(?![a-zA-Z])"), ""),
]


def plain(text: str) -> str:
    """The text with its digits, signs, separators and LaTeX in one writing."""
    if not text.isascii():
        text = _RAISED.sub(lambda m: "^" + m[0].translate(_SUPERSCRIPT), text).translate(_WRITTEN)
    if "\\" in text or "{" in text:
        text = _FRACTION.sub(_plain_fraction, text)
        for pattern, written in _LATEX:
            text = pattern.sub(written, text)
    return str(_MINUS.sub("-", text))


def _plain_character(c: str) -> str:
    if c.isascii():
        return c
    if c in _SAME:
        return _SAME[c]
    if (digit := unicodedata.decimal(c, None)) is not None:
        return str(digit)
    kind = unicodedata.decomposition(c).partition(">")[0]
    if kind == "<fraction":
        return " " + unicodedata.normalize("NFKC", c).replace("\u2044", "/")
    if kind == "<sub":
        return ""  # an index
    return unicodedata.normalize("NFKC", c) if kind in ("<wide", "<narrow") else c


class _Written(dict[int, str]):
    """Character -> its plain writing, worked out when first met. For str.translate."""

    def __missing__(self, code: int) -> str:
        self[code] = result = _plain_character(chr(code))
        return result


_WRITTEN = _Written()


def _plain_fraction(m: regex.Match[str]) -> str:
    over, under = (m[2], m[3]) if m[2] is not None else (m[4], m[5])
    return f"{m[1] + ' ' if m[1] else ''}{over.strip()}/{under.strip()}"


# --- numbers in it -------------------------------------------------------------------------------

_RUN = r"(?:[0-9]{1,3}+(?:\x20[0-9]{3}(?![0-9]))++(?:[.,][0-9]++)?|[0-9]++(?:[.,'_\u00a0][0-9]++)*+|(?<!\w)\.[0-9]++)"
# What the letters and marks after a number multiply it with, where the word alone says it: a line a power of ten.
_LINES = resources.files("fteval.evals").joinpath("data", "multipliers.tsv").read_text("utf-8").splitlines()
_FACTOR = {word: Fraction(10 ** int(n)) for n, words in (line.split("\t") for line in _LINES) for word in words.split()}
_LONG_SCALE = {"billion": Fraction(10**12), "trillion": Fraction(10**18)}
_LETTER = {"k": 10**3, "K": 10**3, "M": 10**6, "B": 10**9, "m": 10**6, "b": 10**9}
_UNSPACED = "".join(word for word in _FACTOR if len(word) == 1)
_MULTIPLIER = (
    rf"(?:\s?(?P<word>[{_UNSPACED}]|(?i:{'|'.join(sorted(_FACTOR, key=len, reverse=True))})(?![\p{{L}}\p{{M}}]))"
    r"|(?P<letter>[kKmMbB])(?![\p{L}\p{M}\d]))"
)
_GAP = re.compile(r"\s[^\d\s]")
_TOKEN = regex.compile(
    r"(?<![A-Za-z}]_|[A-Za-z}]_\{|\^|\^\{|\^[-+]|\^\{[-+])"  # an index or exponent
    r"(?P<sign>(?<![\w)\]}%^])[-+](?=[$€£¥₹₩\d.]))?(?:[$€£¥₹₩]\x20?(?P<inner>-)?)?"
    rf"(?P<run>{_RUN})"
    rf"(?:(?P<joint>(?:[-:]{_RUN})++(?![0-9])|(?:/{_RUN}){{2,4}}+)"
    rf"|(?:\x20(?P<part>[0-9]{{1,6}}))?\x20?/\x20?(?P<under>{_RUN})"
    r"|[eE](?P<exponent>[-+]?[0-9]{1,3})(?![\w])"
    r"|\^\(?\{?\(?(?P<power>[-+]?[0-9]{1,3})[)}]{0,2})?"
    r"(?:\s?[×*xX]\s?10\s?\^\(?\{?(?P<ten>[-+]?[0-9]{1,3})[)}]{0,2})?"
    rf"(?:{_MULTIPLIER})?(?P<percent>\s?(?:%|(?i:per\s?cent|prozent|procent|por\s?ciento|por\s?cento|pour\s?cent)\b))?",
)


_DIGIT, _DIGITS, _NO_DIGIT = re.compile("[0-9]"), re.compile("[0-9]+"), re.compile("[^0-9]")
_AHEAD = 4
"""Characters that a number may begin before its first digit: "-$ .5"."""


def numerals(text: str, start: int = 0) -> list[Numeral]:
    """Every number of a text that `plain` has written, in order, from a place on; "3万5千" is one."""
    found: list[Numeral] = []
    for one in map(_numeral, _tokens(text, _between(text, start))):
        last = found[-1] if found else None
        if last is not None and _goes_on(text, last, one):
            assert last.value is not None and one.value is not None
            found[-1] = replace(
                last, end=one.end, text=text[last.start : one.end], value=last.value + one.value, scale=one.scale
            )
        else:
            found.append(one)
    return found


def _tokens(text: str, start: int) -> Iterator[regex.Match[str]]:
    """Tried where a digit is near only: the whole pattern at every character would take ten times as long."""
    while digit := _DIGIT.search(text, start):
        first = max(start, digit.start() - _AHEAD)
        token = next((t for at in range(first, digit.end()) if (t := _TOKEN.match(text, at))), None)
        if token is not None:
            yield token
        start = digit.end() if token is None else token.end()


def _between(text: str, start: int) -> int:
    """The next place that is inside of no number."""
    gap = _GAP.search(text, start) if start else None
    return gap.start() if gap else start


def _goes_on(text: str, last: Numeral, one: Numeral) -> bool:
    """Whether 億, 万 and 千 part one number into several: each is smaller than the one before."""
    if last.value is None or one.value is None or text[last.end : one.start].strip(" "):
        return False
    return last.scale >= 1000 and text[last.end - 1] in _UNSPACED and 0 <= one.value < last.scale


def _numeral(m: regex.Match[str]) -> Numeral:
    start, end = m.span()
    values = _values(m["run"])
    if m["joint"] or not values:
        parts = {v for run in _DIGITS.findall(m[0]) for v in _values(run)}
        return Numeral(start, end, m[0], None, frozenset(parts))
    also = set(values[1:])
    value: Fraction | None = _worked_out(m, values[0])
    if value is None:
        return Numeral(start, end, m[0], None)
    scale = Fraction(1)
    if m["word"]:
        word = m["word"].lower()
        scale = _FACTOR[word]
        also = {v * scale for v in also} | ({value * _LONG_SCALE[word]} if word in _LONG_SCALE else set())
        value *= scale
    elif m["letter"]:
        times = value * _LETTER[m["letter"]]
        value, other = (value, times) if m["letter"] in "mb" else (times, value)
        also.add(other)
    if m["percent"]:
        also.add(value / 100)
    if m["sign"] == "-" or m["inner"]:
        value, also = -value, {-v for v in also}
    return Numeral(start, end, m[0], value, frozenset(also), scale)


def _worked_out(m: regex.Match[str], value: Fraction) -> Fraction | None:
    """The value with its fraction, exponent or power; None where that is no number, or a giant."""
    if m["under"]:
        under = (_values(m["under"]) or [Fraction(0)])[0]
        if not under:
            return None
        value = value + Fraction(int(m["part"])) / under if m["part"] else value / under
    powers = int(m["exponent"] or 0) + int(m["ten"] or 0)
    if m["power"]:
        exponent = int(m["power"])
        if abs(exponent) * len(m["run"]) > _MOST_DIGITS or (value == 0 and exponent < 0):
            return None
        value = value**exponent
    return value * Fraction(10) ** powers if abs(powers) <= _MOST_DIGITS else None


def _values(run: str) -> list[Fraction]:
    """What digits with separators may say, the likeliest first; [] where they are several numbers."""
    if len(run) > _MOST_DIGITS:
        return []
    marks = [c for c in run if not c.isdigit()]
    parts = _NO_DIGIT.split(run)
    if not marks:
        return [Fraction(int(run))]
    if len(set(marks)) == 1:
        return list(_one_mark(marks[0], parts))
    groups, decimals = parts[:-1], parts[-1]
    if marks[-1] in ".," and len(set(marks[:-1])) == 1 and marks[-1] != marks[0] and _grouped(groups):
        return [_decimal("".join(groups), decimals)]
    return []


def _one_mark(mark: str, parts: list[str]) -> Iterator[Fraction]:
    grouped, pair = _grouped(parts), len(parts) == 2
    whole = Fraction(int("".join(parts))) if grouped else None
    if mark in ".,":
        decimal = _decimal(*parts) if pair else None
        both = (whole, decimal) if mark == "," else (decimal, whole)
        yield from (v for v in both if v is not None)
    elif whole is not None:
        yield whole
        if mark == " ":  # or a number after another one
            yield Fraction(int(parts[-1]))


def _grouped(parts: list[str]) -> bool:
    """Thousands: 1,234,567, and 12,34,567 as India writes it."""
    first, *rest = parts
    if not rest or not 1 <= len(first) <= 3 or first[0] == "0" or len(rest[-1]) != 3:
        return False
    return all(len(p) == 3 for p in rest) or (len(first) <= 2 and all(len(p) == 2 for p in rest[:-1]))


def _decimal(whole: str, decimals: str) -> Fraction:
    return Fraction(int((whole or "0") + decimals), 10 ** len(decimals))
