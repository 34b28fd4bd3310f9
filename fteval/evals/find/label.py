"""Which label of a list does an answer give? One, or none with the reason.

Formatting is taken off first; then the answer is the label, or JSON that holds it, or sentences (`saying`).
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import regex

from fteval.evals.find.label_grammar import MOST, Mention, decision
from fteval.evals.find.label_patterns import SPACELESS
from fteval.evals.language.detect import language
from fteval.evals.language.text import word_set

READ = 20_000
"""Characters of an answer that are looked at."""

_SPACELESS = regex.compile(rf"[{SPACELESS}]")

# --- the labels --------------------------------------------------------------------------------------

_TYPED = str.maketrans(
    {
        **dict.fromkeys("’‘ʼ`´′", "'"),
        **dict.fromkeys("“”„«»″", '"'),
        **dict.fromkeys("–—―", " - "),
        **dict.fromkeys("‐‑−", "-"),
        **dict.fromkeys("「」『』《》【】〈〉", '"'),
        **dict.fromkeys("。।۔", ". "),
        **dict.fromkeys("、،", ", "),
        "؛": "; ",
        "؟": "? ",
        "\r": "\n",
    }
)


def plain(text: str) -> str:
    """Keyboard characters, case and accents kept: full-width forms, curly quotes, zero widths do not make a label."""
    if not text.isascii():
        text = regex.sub(r"(?<=[！？，：])", " ", text).translate(_TYPED)
        text = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")
    return text.translate(_TYPED)


def _folded(text: str, cased: bool) -> str:
    """Without accents and, if not cased, in lower case: character for character."""
    if text.isascii():
        return text if cased else text.lower()
    bases = (unicodedata.normalize("NFD", c)[0] if c > "\x7f" and not _SPACELESS.match(c) else c for c in text)
    return "".join(c if cased or len(c.lower()) > 1 else c.lower() for c in bases)


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of one row, ready to be looked for."""

    names: tuple[str, ...]
    """As the row writes them."""
    by_key: dict[str, str]
    """Folded writing -> name."""
    parts: tuple[tuple[str, tuple[str, ...]], ...]
    """Folded writing and its words."""
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
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
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
    if len(by_key) < len(names) or len(names) < 2:
        return None
    return Labels(names, by_key, tuple((key, tuple(key.split(" "))) for key in by_key), cased)


# Boundaries: a label does not stand in hamster, non-spam, 3.5, 13, -1, $3, 3 %, C++ or spam.com.
_W = rf"[\w--[{SPACELESS}]]"
_BEFORE_NUMBER = regex.compile(rf"(?V1)(?<![{_W}$€£+])(?<![\d.,]\.)(?<!\d[.,:/-])(?<!{_W}-)(?<!(?:^|[\s(:])-)")
_BEFORE_WORD = regex.compile(rf"(?V1)(?<![{_W}$@#+])(?<!{_W}[-.'&])")
_BEFORE_SIGN = regex.compile(rf"(?V1)(?<![{_W}+-])")
_AFTER_NUMBER = regex.compile(rf"(?V1)(?![{_W}%€£+])(?![.,:]\d)(?!-\d)(?!\s?(?:%|percent))")
_AFTER_WORD = regex.compile(rf"(?V1)(?![{_W}+#@])(?!'(?!s?\W*$){_W})(?![-.&]{_W})")
_AFTER_SIGN = regex.compile(rf"(?V1)(?![{_W}+#])")
_ALSO_WORDS = frozenset("aeiouy")
"""Letters that are words: as labels they keep their case."""
_GAP = regex.compile(r"[-_\s]+")


def _mentions(text: str, labels: Labels) -> list[Mention]:
    """Where labels stand in the text, the longest at each place, in order."""
    lower = _folded(text, labels.cased)
    found: list[Mention] = []
    for key, parts in labels.parts:
        start = lower.find(parts[0])
        for _ in range(MOST):
            if start < 0:
                break
            end = _end(lower, start, parts)
            if end and _stands_alone(text, start, end, key, labels.by_key[key]):
                found.append(Mention(start, end, labels.by_key[key]))
            start = lower.find(parts[0], start + 1)
    kept: list[Mention] = []
    for mention in sorted(found, key=lambda m: (m.start, -m.end)):
        if not kept or mention.start >= kept[-1].end:
            kept.append(mention)
    return kept[:MOST]


def _end(lower: str, start: int, parts: Sequence[str]) -> int:
    """Where a label that begins at `start` ends; 0 where its later words do not follow."""
    end = start + len(parts[0])
    for part in parts[1:]:
        gap = _GAP.match(lower, end)
        if not gap or not lower.startswith(part, gap.end()):
            return 0
        end = gap.end() + len(part)
    return end


def _stands_alone(text: str, start: int, end: int, key: str, name: str) -> bool:
    if _SPACELESS.search(key):
        return True
    if key in _ALSO_WORDS and text[start:end] == key and key != name:
        return False
    before = _BEFORE_NUMBER if key[0].isdigit() else _BEFORE_WORD if key[0].isalpha() else _BEFORE_SIGN
    after = _AFTER_NUMBER if key[-1].isdigit() else _AFTER_WORD if key[-1].isalpha() else _AFTER_SIGN
    return bool(before.match(text, start) and after.match(text, end))


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


def named(text: str, labels: Labels, prompt: str = "") -> Named:
    """The one label that the answer gives."""
    stripped = plain(text[:READ]).strip()
    key = _key(stripped, labels.cased)
    if key in labels.by_key:
        return Named(labels.by_key[key], bare=True)
    opened = plain(prompt).strip()
    if opened and stripped.startswith(opened):  # continued, not answered: what follows the prompt is the answer
        stripped = stripped[len(opened) :].strip()
        if not stripped:
            return Named(None, "the prompt given back")
    structured = _structured(stripped, labels)
    if structured is not None:
        return structured
    answer = _without_scale(undecorated(stripped, keep="".join(labels.names)), labels)
    key = _key(answer.strip(" \n\t\"'.,:;!()[]{}"), labels.cased)
    if key in labels.by_key:
        return Named(labels.by_key[key])
    mentions = _mentions(answer, labels)
    if not mentions:
        return Named(None, "no label in the answer")
    given = decision(answer, mentions, labels.contrary)
    if given.label is None and len(bold := _emphasised(stripped, labels)) == 1:
        return Named(bold.pop())
    return Named(given.label, given.why, given.several, open=given.undecided and _foreign(answer, mentions))


def _emphasised(text: str, labels: Labels) -> set[str]:
    """Labels in bold: an answer in any language that stresses one gives that one."""
    found = (labels.exact(bold) for bold in re.findall(r"\*\*([^*\n]{1,80})\*\*", text))
    return {label for label in found if label is not None}


def _foreign(text: str, mentions: Sequence[Mention]) -> bool:
    """Whether what stands round the labels is words, and not English."""
    rest = "".join(
        text[a:b]
        for a, b in zip([0, *(m.end for m in mentions)], [*(m.start for m in mentions), len(text)], strict=True)
    )
    written = language(text)
    return written != "en" if written else not rest.isascii() or len(regex.findall(r"\p{L}+", rest)) > 1


# --- decoration --------------------------------------------------------------------------------------

_TAG = regex.compile(r"</?[A-Za-z][^<>\n]{0,40}>")
_COMMAND = regex.compile(r"\\(?:boxed|fbox|text\w*|math\w*)\s*\{")
_MATHS = regex.compile(r"\$\$?([^$\n]{1,80})\$\$?|\\[(\[]|\\[)\]]")
_UNDERSCORES = regex.compile(r"(?<!\w)_++(?=\w)|(?<=[^\W_])_++(?!\w)")
_MARKS = regex.compile(r"\*++|~~|`++|^[ \t]*+(?:\#{1,6}|>|[-+•])[ \t]++|[^\S\n]*+[\p{So}\ufe0f]", regex.MULTILINE)


def undecorated(text: str, keep: str = "") -> str:
    """The text without bold, headings, bullets, tags, emoji and LaTeX; characters in `keep` stay."""
    if "\\" in text or "$" in text:
        boxed = "\\boxed" in text
        text = _COMMAND.sub(lambda m: "\nFinal answer: " if "box" in m[0] else " ", _MATHS.sub(r" \1 ", text))
        text = re.sub(r"[{}]+", "\n" if boxed else " ", text)
    if "<" in text and "<" not in keep:
        text = _TAG.sub(" ", text)
    if "_" in text:
        text = _UNDERSCORES.sub("", text)
    return str(_MARKS.sub(lambda m: m[0] if m[0].strip() and m[0].strip()[0] in keep else "", text))


def _without_scale(text: str, labels: Labels) -> str:
    """`3/5` as `3` where labels are numbers and 5 is the largest."""
    if "/" not in text or not all(name.isascii() and name.isdigit() for name in labels.names):
        return text
    top = max(labels.names, key=int)
    return re.sub(rf"(?<![\d/.])(\d+)\s?/\s?{top}(?![\d/]|\.\d)", r"\1", text)


_KEYS = word_set(
    """
    label labels category class classification answer result prediction output sentiment intent topic type choice
    final_answer predicted_label tag priority urgency department team rating score language emotion
    """
)
_FENCE = re.compile(r"```\w*\s*(.*?)```", re.DOTALL)


def _structured(text: str, labels: Labels) -> Named | None:
    """The label of an answer in JSON; None where it is not JSON."""
    fenced = _FENCE.search(text) if "```" in text else None
    body = (fenced[1] if fenced else text).strip()
    if body[:1] not in '{["' or len(body) > 5_000:
        start, end = text.find("{"), text.rfind("}")
        if not 0 <= start < end or end - start > 5_000:
            return None
        body = text[start : end + 1]
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        ticked = [k for k, v in value.items() if labels.exact(k) is not None and isinstance(v, bool)]
        if len(ticked) == len(value) > 1:  # {"spam": true, "ham": false}
            value = {"labels": [k for k in ticked if value[k]]}
        told = [v for k, v in value.items() if str(k).lower().strip().replace(" ", "_") in _KEYS]
        values = told or [v for v in value.values() if isinstance(v, str)]
        if not values:
            return Named(None, "JSON without a label")
        flat = [v for one in values for v in (one if isinstance(one, list) else [one])]
    elif isinstance(value, list):
        flat = value
    else:
        flat = [value]
    found = [label for v in flat[:1_000] if (label := labels.exact(v)) is not None]
    different = tuple(dict.fromkeys(found))
    if len(different) == 1:
        return Named(different[0])
    return Named(
        None, f"several labels: {', '.join(different[:5])}" if different else "JSON without a label", different
    )
