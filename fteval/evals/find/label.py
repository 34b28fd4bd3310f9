"""Which label of a list does an answer give? One, or none with the reason.

A label counts as given in one of these ways, the stronger first: the whole answer is the label; a field of JSON holds
it; it follows "Final answer:"; it corrects what came before ("Actually, ham."); it follows "Category:" or "the label
is"; it stands alone in a line or sentence, or opens the answer ("3, because …"); a sentence says so ("This looks like
spam."). Two different labels given in the same way are no answer.
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

from fteval.evals.find import label_grammar
from fteval.evals.find.label_grammar import Mention

READ = 20_000
"""Characters of an answer that are looked at."""

# --- the labels --------------------------------------------------------------------------------------

_TYPED = str.maketrans(
    {
        **dict.fromkeys("’‘ʼ`´′", "'"),
        **dict.fromkeys("“”„«»″", '"'),
        **dict.fromkeys("–—―", " - "),
        **dict.fromkeys("‐‑−", "-"),
        "\r": "\n",
    }
)


def plain(text: str) -> str:
    """Keyboard characters, case kept: full-width forms, accents, curly quotes and zero widths do not make a label."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text.translate(_TYPED))
        kept = "".join(c for c in decomposed if not "\u0300" <= c <= "\u036f" and unicodedata.category(c) != "Cf")
        text = unicodedata.normalize("NFC", kept)
    return text.translate(_TYPED)


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


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, str | int | float) else None


def _key(text: str, cased: bool) -> str:
    key = re.sub(r"(?<=\w)[-_\s]+(?=\w)", " ", plain(text).strip())
    return key if cased else key.lower()


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
_BEFORE_NUMBER = regex.compile(r"(?<![\w$€£+])(?<![\d.,]\.)(?<!\d[.,:/-])(?<!\w-)(?<!(?:^|[\s(:])-)")
_BEFORE_WORD = regex.compile(r"(?<![\w$@#+])(?<!\w[-.'&])")
_BEFORE_SIGN = regex.compile(r"(?<![\w+-])")
_AFTER_NUMBER = regex.compile(r"(?![\w%€£+])(?![.,:]\d)(?!-\d)(?!\s?(?:%|percent))")
_AFTER_WORD = regex.compile(r"(?![\w+#@])(?!'(?!s?\W*$)\w)(?![-.&]\w)")
_AFTER_SIGN = regex.compile(r"(?![\w+#])")
_SPACELESS = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
_GAP = regex.compile(r"[-_\s]+")


def _mentions(text: str, labels: Labels) -> list[Mention]:
    """Where labels stand in the text, the longest at each place, in order."""
    lower = text if labels.cased else text.lower()
    found: list[Mention] = []
    for key, parts in labels.parts:
        start = lower.find(parts[0])
        for _ in range(label_grammar.MOST):
            if start < 0:
                break
            end = _end(lower, start, parts)
            if end and _stands_alone(text, start, end, key):
                found.append(Mention(start, end, labels.by_key[key]))
            start = lower.find(parts[0], start + 1)
    kept: list[Mention] = []
    for mention in sorted(found, key=lambda m: (m.start, -m.end)):
        if not kept or mention.start >= kept[-1].end:
            kept.append(mention)
    return kept[: label_grammar.MOST]


def _end(text: str, start: int, parts: Sequence[str]) -> int:
    """Where a label that begins at `start` ends; 0 where its later words do not follow."""
    end = start + len(parts[0])
    for part in parts[1:]:
        gap = _GAP.match(text, end)
        if not gap or not text.startswith(part, gap.end()):
            return 0
        end = gap.end() + len(part)
    return end


def _stands_alone(text: str, start: int, end: int, key: str) -> bool:
    if _SPACELESS.search(key):
        return True
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
    said = _without_scale(label_grammar.undecorated(stripped, keep="".join(labels.names)), labels)
    key = _key(said.strip(" \n\t\"'.,:;!()[]{}"), labels.cased)
    if key in labels.by_key:
        return Named(labels.by_key[key])
    mentions = _mentions(said, labels)
    if not mentions:
        return Named(None, "no label in the answer")
    label, why, several = label_grammar.given(said, mentions)
    return Named(label, why, tuple(dict.fromkeys(several)))


def _without_scale(text: str, labels: Labels) -> str:
    """`3/5` as `3` where labels are numbers and 5 is the largest."""
    if "/" not in text or not all(name.isascii() and name.isdigit() for name in labels.names):
        return text
    top = max(labels.names, key=int)
    return re.sub(rf"(?<![\d/.])(\d+)\s?/\s?{top}(?![\d/]|\.\d)", r"\1", text)


_KEYS = frozenset(
    [
        "label",
        "labels",
        "category",
        "class",
        "classification",
        "answer",
        "result",
        "prediction",
        "output",
        "sentiment",
        "intent",
        "topic",
        "type",
        "choice",
        "final_answer",
        "predicted_label",
        "tag",
        "priority",
        "urgency",
        "department",
        "team",
        "rating",
        "score",
        "language",
        "emotion",
    ]
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
