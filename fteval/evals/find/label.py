"""Which label of a list does an answer give? One, or none with the reason.

Formatting is taken off first; then the answer is the label, or JSON that holds it, or sentences (`label_grammar`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import regex

from fteval.evals.answer.phrases import pattern
from fteval.evals.find.json_value import answered
from fteval.evals.find.label_grammar import MOST, Mention, decision
from fteval.evals.language.detect import language

READ = 20_000
"""Characters of an answer that are looked at."""

# --- the labels --------------------------------------------------------------------------------------

_SCRIPTS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
"""Their words stand without spaces, or with endings that are no part of them."""
_SPACELESS = regex.compile(rf"[{_SCRIPTS}]")
_TYPED = str.maketrans(
    {
        **dict.fromkeys("’‘ʼ`´′", "'"),
        **dict.fromkeys("“”„«»″「」『』《》【】〈〉", '"'),
        **dict.fromkeys("–—―", " - "),
        **dict.fromkeys("‐‑−", "-"),
        **dict.fromkeys("。।۔", ". "),
        **dict.fromkeys("、،", ", "),
        "؛": "; ",
        "؟": "? ",
        "！": "! ",
        "？": "? ",
        "，": ", ",
        "：": ": ",
        "\r": "\n",
    }
)


def plain(text: str) -> str:
    """Keyboard characters, case and accents kept: full-width forms, curly quotes, zero widths do not make a label."""
    text = text.translate(_TYPED)
    if text.isascii():
        return text
    return "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")


def _folded(text: str, cased: bool) -> str:
    """Without accents and, if not cased, in lower case: character for character."""
    if text.isascii():
        return text if cased else text.lower()
    bases = (c if c < "\x80" or _SPACELESS.match(c) else unicodedata.normalize("NFD", c)[0] for c in text)
    return "".join(c if cased or len(c.lower()) > 1 else c.lower() for c in bases)


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of one row, ready to be looked for."""

    names: tuple[str, ...]
    """As the row writes them."""
    by_key: dict[str, str]
    """Folded writing -> name."""
    cased: bool
    """Labels that differ in case only: case decides."""

    def exact(self, value: Any) -> str | None:
        """The label that this value is, case and spacing aside."""
        text = _text(value)
        return None if text is None else self.by_key.get(_key(text, self.cased))

    def contrary(self, name: str) -> str | None:
        """The label that says that this one does not hold: "not spam" for "spam"."""
        key = _key(name, self.cased)
        return next((label for no in ("not ", "non ", "no ") if (label := self.by_key.get(no + key))), None)


def _text(value: Any) -> str | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, str | int | float) else None


def _key(text: str, cased: bool) -> str:
    return _folded(re.sub(r"(?<=\w)[-_\s]+(?=\w)", " ", plain(text).strip()), cased)


def labels_of(given: Sequence[Any]) -> Labels | None:
    """The labels of a row; None where they are not two different texts or numbers at least."""
    names = tuple(_text(value) or "" for value in given)
    return _labels(names) if all(name.strip() for name in names) else None


@lru_cache(maxsize=512)
def _labels(names: tuple[str, ...]) -> Labels | None:
    cased = len({_key(name, False) for name in names}) < len(names)
    by_key = {_key(name, cased): name for name in names}
    return None if len(by_key) < len(names) or len(names) < 2 else Labels(names, by_key, cased)


# Boundaries: a label does not stand in hamster, non-spam, 3.5, 13, -1, $3, 3 %, C++ or spam.com.
_W = rf"[\w--[{_SCRIPTS}]]"
_BEFORE = rf"(?<![{_W}$€£@#+])(?<![\d.,]\.)(?<!\d[.,:/-])(?<!{_W}[-.'&])(?<!(?:^|[\s(:])-)"
_AFTER = rf"(?![{_W}%€£+#@])(?![.,:-]\d)(?!\s?(?:%|percent))(?!'(?!s?\W*$){_W})(?![-.&]{_W})"


@lru_cache(maxsize=512)
def _place(key: str) -> regex.Pattern[str]:
    """Where a label stands in a folded text, as a word of its own."""
    written = regex.escape(key, literal_spaces=True).replace(" ", r"[-_\s]+")
    return regex.compile(written if _SPACELESS.search(key) else rf"(?V1){_BEFORE}{written}{_AFTER}")


def _mentions(text: str, labels: Labels) -> list[Mention]:
    """Where labels stand in the text, the longest at each place, in order."""
    lower = _folded(text, labels.cased)
    places = [
        Mention(m.start(), m.end(), name)
        for key, name in labels.by_key.items()
        for m in _place(key).finditer(lower)
        if not (key in "aeiouy" and text[m.start()] == key != name)  # "a" is a word, "A" a label
    ]
    kept: list[Mention] = []
    for mention in sorted(places, key=lambda m: (m.start, -m.end)):
        if not kept or mention.start >= kept[-1].end:
            kept.append(mention)
    return kept[:MOST]


# --- the answer --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Named:
    """The label that an answer gives."""

    label: str | None
    why: str = ""
    """Why there is none."""
    several: tuple[str, ...] = ()
    """The labels found where they are too many."""
    bare: bool = False
    open: bool = False
    """Whether a reader might find one: labels stand in sentences of a language that these rules hardly read."""


def named(text: str, labels: Labels) -> Named:
    """The one label that the answer gives."""
    stripped = plain(text[:READ]).strip()
    key = _key(stripped, labels.cased)
    if key in labels.by_key:
        return Named(labels.by_key[key], bare=True)
    if "{" in stripped or stripped[:1] in '["':
        found = answered(stripped, "")
        if found.problem is None:
            return _in_json(found.value, labels)
    answer = _without_scale(undecorated(stripped, keep="".join(labels.names)), labels)
    mentions = _mentions(answer, labels)
    if not mentions:
        return Named(None, "no label in the answer")
    given = decision(_folded(answer, False), mentions, labels.contrary)
    bold = set(map(labels.exact, re.findall(r"\*\*([^*\n]{1,80})\*\*", stripped))) - {None}
    if given.label is None and len(bold) == 1:
        return Named(bold.pop())  # in any language
    return Named(given.label, given.why, given.several, open=given.undecided and _foreign(answer, mentions))


def _foreign(text: str, mentions: Sequence[Mention]) -> bool:
    """Whether what stands round the labels is words, and not English."""
    ends = zip([0, *(m.end for m in mentions)], [*(m.start for m in mentions), len(text)], strict=True)
    rest = "".join(text[a:b] for a, b in ends)
    written = language(text)
    return written != "en" if written else not rest.isascii() or len(regex.findall(r"\p{L}+", rest)) > 1


def _in_json(value: Any, labels: Labels) -> Named:
    if isinstance(value, dict):
        ticked = [k for k, v in value.items() if v is True and labels.exact(k)]
        told = [v for k, v in value.items() if pattern("label_noun").search(str(k).lower().replace("_", " "))]
        value = ticked or told or [*value.values()]
    every = value if isinstance(value, list) else [value]
    flat = [v for one in every for v in (one if isinstance(one, list) else [one])]
    different = tuple(dict.fromkeys(label for v in flat[:1_000] if (label := labels.exact(v)) is not None))
    if len(different) == 1:
        return Named(different[0])
    why = f"several labels: {', '.join(different[:5])}" if different else "JSON without a label"
    return Named(None, why, different)


# --- decoration --------------------------------------------------------------------------------------

_TAG = regex.compile(r"</?[A-Za-z][^<>\n]{0,40}>")
_COMMAND = regex.compile(r"\\(?:boxed|fbox|text\w*|math\w*)\s*\{")
_MATHS = regex.compile(r"\$\$?([^$\n]{1,80})\$\$?|\\[(\[]|\\[)\]]")
_MARKS = regex.compile(r"\*++|~~|`++|^[ \t]*+(?:\#{1,6}|>|[-+•])[ \t]++|[^\S\n]*+[\p{So}\ufe0f]", regex.MULTILINE)


def undecorated(text: str, keep: str = "") -> str:
    """The text without bold, headings, bullets, tags, emoji and LaTeX; characters in `keep` stay."""
    if "\\" in text or "$" in text:
        boxed = "\\boxed" in text
        text = _COMMAND.sub(lambda m: "\nFinal answer: " if "box" in m[0] else " ", _MATHS.sub(r" \1 ", text))
        text = re.sub(r"[{}]+", "\n" if boxed else " ", text)
    if "<" not in keep:
        text = _TAG.sub(" ", text)
    return str(_MARKS.sub(lambda m: m[0] if m[0].strip() and m[0].strip()[0] in keep else "", text))


def _without_scale(text: str, labels: Labels) -> str:
    """`3/5` as `3` where labels are numbers and 5 is the largest."""
    if "/" not in text or not all(name.isascii() and name.isdigit() for name in labels.names):
        return text
    top = max(labels.names, key=int)
    return re.sub(rf"(?<![\d/.])(\d+)\s?/\s?{top}(?![\d/]|\.\d)", r"\1", text)
