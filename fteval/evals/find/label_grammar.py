"""Which of its labels a text decides on: what it announces, opens with, or says of its subject.

A text is read sentence by sentence. What it denies, asks, grants ("although …") or calls wrong is ruled out. Of the
labels that are left, the strongest counts: what follows "final answer" or a correction; then labels that are a
sentence of their own or follow "Category:"; then the first sentence that says so. Two in one breath are no answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import regex

from fteval.evals.find.label_patterns import phrase

MOST = 400
"""Mentions that are looked at."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A label that stands in a text."""

    start: int
    end: int
    label: str
    denies: bool = False
    """Whether it is the contrary of the label that stands there ("it does not seem to be spam")."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The label that a text decides on, or why it does on none."""

    label: str | None
    why: str = ""
    several: tuple[str, ...] = ()
    undecided: bool = False
    """Labels stand in the text, but no rule says whether one is its answer."""


@dataclass(slots=True)
class _Sentence:
    text: str
    start: int
    mentions: list[Mention] = field(default_factory=list)
    """Those that are not ruled out."""

    def before(self, m: Mention) -> str:
        return self.text[: m.start - self.start][-100:]

    def after(self, m: Mention) -> str:
        return self.text[m.end - self.start :][:80]


_END = regex.compile(r"(?<!^\s*\w{1,2})[.!?]+[\"')\]]*+(?=\s|$)|\n+")
_WORD = regex.compile(r"\w")


def decision(text: str, mentions: Sequence[Mention], contrary: Callable[[str], str | None]) -> Decision:
    """`contrary`: the label that means that another one does not hold ("not spam"), if there is one."""
    if _loop(text, mentions):
        return Decision(None, f"{mentions[0].label!r} over and over")
    sentences = _sentences(text, mentions, contrary)
    if not any(s.mentions for s in sentences):
        return Decision(None, "a label is only asked about or ruled out")
    for mark in ("final", "taken_back"):
        later = _after_last(text, sentences, phrase(mark), mark == "taken_back")
        if later and (labels := _decided(later)):
            return _one(labels)
    labels = _decided(sentences)
    if labels:
        return _one(labels)
    return Decision(None, "no label is given as the answer", tuple(dict.fromkeys(m.label for m in mentions)), True)


def _one(labels: Sequence[str]) -> Decision:
    different = tuple(dict.fromkeys(labels))
    if len(different) == 1:
        return Decision(different[0])
    return Decision(None, f"several labels: {', '.join(different[:5])}", different)


def _loop(text: str, mentions: Sequence[Mention]) -> bool:
    """The first label three times in a row and nothing between."""
    first = mentions[:3]
    gaps = "".join(text[a.end : b.start] for a, b in pairwise(first))
    return len(first) == 3 and len({m.label for m in first}) == 1 and not _WORD.search(gaps)


def _sentences(text: str, mentions: Sequence[Mention], contrary: Callable[[str], str | None]) -> list[_Sentence]:
    """The sentences of a text, each with the labels that it does not rule out."""
    parts: list[_Sentence] = []
    start, left = 0, list(mentions)
    for end in [*(m.end() for m in _END.finditer(text)), len(text)]:
        part = _Sentence(text[start:end], start)
        inside = []
        while left and left[0].start < end:
            inside.append(left.pop(0))
        if _WORD.search(part.text):
            part.mentions = _standing(part, inside, contrary)
            parts.append(part)
        start = end
    return parts


def _standing(part: _Sentence, mentions: list[Mention], contrary: Callable[[str], str | None]) -> list[Mention]:
    if not mentions or part.text.rstrip(" \n\"')]").endswith("?"):
        return []
    granted = [(m.start() + part.start, m.end() + part.start) for m in phrase("granted").finditer(part.text[:2_000])]
    kept, denied_end = [], -1
    for m in mentions:
        between = part.text[denied_end - part.start : m.start - part.start] if denied_end >= 0 else None
        if phrase("denied").search(part.before(m)) or (
            between is not None and phrase("also_not").fullmatch(between[:80])
        ):
            denied_end = m.end
            other = contrary(m.label)
            if other is not None:
                kept.append(Mention(m.start, m.end, other, denies=True))
            continue
        denied_end = -1
        if not phrase("ruled_out").match(part.after(m)) and not any(a <= m.start < b for a, b in granted):
            kept.append(m)
    for turn in phrase("but").finditer(part.text[:2_000]):
        rest = [m for m in kept if m.start >= turn.end() + part.start]
        kept = rest or kept
    return kept


def _after_last(
    text: str, sentences: Sequence[_Sentence], mark: regex.Pattern[str], earlier: bool
) -> list[_Sentence] | None:
    """What is said after the last such mark; `earlier`: only where a label stands before it."""
    marks = list(mark.finditer(text))[-1:]
    if not marks or (earlier and not any(m.start < marks[0].start() for s in sentences for m in s.mentions)):
        return None
    cut = marks[0].end()
    after = []
    for s in sentences:
        if s.start + len(s.text) > cut:
            start = max(s.start, cut)
            after.append(_Sentence(s.text[start - s.start :], start, [m for m in s.mentions if m.start >= start]))
    return after


def _decided(sentences: Sequence[_Sentence]) -> list[str]:
    """Labels of the strongest way in which one is given."""
    strong: list[str] = []
    for n, s in enumerate(sentences):
        ends = n == 0 or n == len(sentences) - 1
        strong += _with_joined(s, [m for m in s.mentions if _announced(s, m) or (ends and _alone(s, m))])
    if strong:
        return strong
    listed = dict.fromkeys(m.label for s in sentences for m in s.mentions[:1] if _option(s, m))
    if len(listed) > 1:
        return list(listed)
    for s in sentences:
        given = _with_joined(s, [m for m in s.mentions if _alone(s, m) or _opens(s, m) or _framed(s, m)])
        if given:
            return given
    return []


def _with_joined(s: _Sentence, given: Sequence[Mention]) -> list[str]:
    """These labels, and those named in one breath with them."""
    labels = [m.label for m in given]
    chosen = list(given)
    for a, b in pairwise(s.mentions):
        if (a in chosen or b in chosen) and phrase("joined").fullmatch(s.text[a.end - s.start : b.start - s.start]):
            chosen += [a, b]
            labels += [a.label, b.label]
    return labels


def _alone(s: _Sentence, m: Mention) -> bool:
    return bool(_START.match(s.before(m)) and phrase("ends").match(s.after(m)))


def _announced(s: _Sentence, m: Mention) -> bool:
    """At the end of "Category: …" or "The answer is …"."""
    return bool(phrase("announced").search(s.before(m)) and phrase("ends").match(s.after(m)))


def _opens(s: _Sentence, m: Mention) -> bool:
    if not _START.match(s.before(m)):
        return False
    few = len(m.label) > 2 and len(s.after(m).split()) <= 1  # "Billing issue"
    return few or bool(phrase("closed").match(s.after(m)))


def _option(s: _Sentence, m: Mention) -> bool:
    return bool(_START.match(s.before(m)) and regex.match(r"[).:] *\S", s.after(m)))


def _framed(s: _Sentence, m: Mention) -> bool:
    """Whether the sentence says that it is the label, rather than having the word in it."""
    if m.denies:
        return True
    closed = phrase("closed").match(s.after(m))
    weak = len(m.label) <= 2 or not m.label[0].isalpha()
    if phrase("framed_after").match(s.after(m)) or (closed and phrase("marked").search(s.before(m))):
        return True
    return bool((closed or not weak) and phrase("framed").search(s.before(m)))


_START = regex.compile(r"^\W*(?:\d{1,2}[.)]\s+|[(]?[a-zA-Z][.)]\s+)?\W*$")
