"""Is what an answer says in a passage? By words: what it adds, and whether it keeps together what stood together."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

from fteval.evals.answer.topic import content_words
from fteval.evals.language.stems import stem
from fteval.evals.language.text import fold, sentences, word_list, word_set, words

READ = 10_000  # characters
_CHAT = word_set(
    "yeah yep yes said lol true say agre fan actual haha well tho wow get basic accord passag text state mention"
)
_MOST_NEW, _MOST_FAR = 0.2, 0.2
"""Shares of words that the passage has not, and of neighbours that stand apart there: measured on answers of models."""
_NEAR = 5  # content words
_NUMBERS = {
    w: i for i, w in enumerate(word_list("zero one two three four five six seven eight nine ten eleven twelve"))
}
_MONTHS = {name.lower(): i for i, name in enumerate(calendar.month_name) if name}
_NAME = re.compile(r"(?<=[a-z0-9,] )[A-Z][\w’'-]+")
_OF_ITSELF = re.compile(
    r"\b(?:i|we) (?:do|love|like|have|am|would|was|used|know|heard|want)\b|\bmy\b|\byou can\b|\bdid you know\b"
)


@dataclass(frozen=True, slots=True)
class Support:
    """How an answer stands to a passage."""

    value: float | None
    """1 supported, 0 not, None where words do not tell."""
    why: str = ""
    partly: bool = False
    """Whether one clause is supported and another is not."""


def support(text: str, passage: str, question: str = "") -> Support:
    """Whether the passage supports the answer; names and numbers of the question may be said again."""
    clauses = [_by_words(part, passage, question) for part in clauses_of(text)]
    whole = _by_words(text, passage, question)
    partly = whole.value == 0 and {0.0, 1.0} <= {one.value for one in clauses}
    return Support(whole.value, whole.why, partly)


def beside(text: str, passage: str, question: str, is_answer: Callable[[str], bool]) -> Support:
    """Whether a right answer adds nothing; its own clause may be in other words, not with other names or numbers."""
    for part in clauses_of(text):
        found = _by_words(part, passage, question, most_new=_REWORDED if is_answer(part) else 0)
        if found.value == 0:
            return replace(found, partly=True)
    return Support(1.0)


def clauses_of(text: str) -> list[str]:
    """The clauses of its first sentences that can each be true or not."""
    return [part for s in sentences(text[:READ])[:20] for part in _CLAUSE.split(s) if part]


_REWORDED = 2  # new words of a clause that holds the answer: "lives in Verona" for "his home is Verona"
_CLAUSE = re.compile(r"[;,] (?=and |but |which |who |it |he |she |they |i |such as )")


def _by_words(text: str, passage: str, question: str, most_new: int = 0) -> Support:
    text, passage = text[:READ], passage[:READ]
    given, told, both = _content(passage), _content(text), f"{passage} {question}"
    if added := whole_numbers(text) - whole_numbers(both):
        return _number(min(added), passage)
    if not told:
        return Support(None, "claims nothing")
    written = {fold(w).removesuffix("'s") for w in words(both)}
    if names := [n for n in _NAME.findall(text) if fold(n).removesuffix("'s") not in written and len(n) > 2]:
        return Support(0.0, f"{names[0]!r} does not stand there")
    if itself := _OF_ITSELF.search(fold(text)):
        return Support(0.0, f"speaks of its writer: {itself[0]!r}")
    known = {*given, *(stem(fold(name)) for name in _NAME.findall(question))}
    new = [w for w in told if w not in known]
    if len(new) > max(most_new, _MOST_NEW * len(told)):
        return Support(0.0, f"not there: {', '.join(map(repr, dict.fromkeys(new[:4])))}")
    places: dict[str, list[int]] = {w: [] for w in told}
    for i, w in enumerate(given):
        places.get(w, []).append(i)
    pairs = [(a, b) for a, b in pairwise(told) if a != b and places[a] and places[b]]
    far = [(a, b) for a, b in pairs if all(abs(i - j) >= _NEAR for i in places[a][:20] for j in places[b][:20])]
    if len(far) > _MOST_FAR * len(pairs):
        return Support(None, f"says together what stands apart: {' '.join(far[0])}")
    return Support(1.0)


def _number(added: int, passage: str) -> Support:
    given = sorted(whole_numbers(passage))[:60]
    follows = any(added in (a + b, b - a, a * b) for a, b in combinations(given, 2)) or added in (len(given), 1, 2)
    return Support(None, f"{added} may follow") if follows else Support(0.0, f"{added} does not stand there")


def whole_numbers(text: str) -> set[int]:
    """Whole numbers, small ones in words and months as theirs."""
    told = {int(n.replace(",", "")) for n in re.findall(r"(?<![\w.])\d{1,3}(?:,\d{3})+|\d{1,15}", text)}
    return told | {value for w in words(fold(text)) if (value := _NUMBERS.get(w, _MONTHS.get(w))) is not None}


def _content(text: str) -> list[str]:
    plain = (w for w in content_words(text.replace("-", " ")) if w not in _NUMBERS and w not in _MONTHS)
    return [s for s in map(stem, plain) if s not in _CHAT and not s[0].isdigit()]
