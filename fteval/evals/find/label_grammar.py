"""Which of its labels a text decides on: what it announces, opens with, or says of its subject.

A text is read sentence by sentence. What it denies, asks or grants ("although …") does not count. Of the labels that
are left, the strongest counts: what follows "final answer" or a correction; then what stands alone in its first or last
sentence or after "Category:"; then the first sentence that says so. Two in one breath are no answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

import regex

from fteval.evals.answer.phrases import pattern, source

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


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str
    """The whole text up to the sentence's end."""
    start: int
    mentions: tuple[Mention, ...]
    """Those that count."""

    def before(self, m: Mention) -> str:
        return self.text[max(self.start, m.start - 100) : m.start]

    def after(self, m: Mention) -> str:
        return self.text[m.end : m.end + 80]


@cache
def _round(name: str) -> re.Pattern[str]:
    """A pattern for what stands round a label."""
    noun, after, marks = source("label_noun"), source("label_after"), r"[\s\"'()\[\]*-]*"
    lead, between = source("label_lead"), rf"{marks}(?:(?:{source('label_between')}|{noun}){marks})*"
    made = {
        "announced": rf"(?:{noun}[^.\n:;?!]{{0,60}}?(?:{lead}|[:=→]|->|\s-)|[:→=]){between}$",
        "framed": rf"(?:{lead}|{noun}|{source('label_but')}|[:→=]){between}$",
        "denied": rf"{source('label_not')}(?: (?!{source('label_but')})[^\s,;:.]+){{0,6}}[\s\"'(]*$",
        "out": rf"{marks}(?:{noun} )?{source('label_out')}",
        "joined": rf"[\s\"')(\],]*(?:[,/&|;+>-]|{source('label_joined')})+{between}",
        "closed": rf"[\s\"'*]*(?:$|[.,;:!()\[\]\n-]|(?P<after>{after}|{noun}))",
        "ends": rf"{marks}(?:{noun}|{after})?[\s\"')\]}}*.,;:!-]*$",
        "granted": rf"{source('label_granted')}[^.,;!?\n]*",
        "start": r"^\W*(?:\d{1,2}[.)]\s+|[(]?[a-z][.)]\s+)?\W*$",
    }
    return re.compile(made[name])


def decision(text: str, mentions: Sequence[Mention], contrary: Callable[[str], str | None]) -> Decision:
    """`text`: folded. `contrary`: the label that means that another one does not hold ("not spam"), if there is one."""
    sentences = list(_sentences(text, mentions, contrary))
    if not any(s.mentions for s in sentences):
        return Decision(None, "a label is only asked about or ruled out")
    marks = (m.end() for kind in ("label_final", "taken_back") for m in pattern(kind).finditer(text))
    last = max(marks, default=len(text))
    labels = tuple(dict.fromkeys(_decided(_from(sentences, last)) or _decided(sentences)))
    if not labels:
        return Decision(None, "no label is given as the answer", tuple(dict.fromkeys(m.label for m in mentions)), True)
    if len(labels) == 1:
        return Decision(labels[0])
    return Decision(None, f"several labels: {', '.join(labels[:5])}", labels)


_END = regex.compile(r"(?<!^\s*\w{1,2})[.!?]+[\"')\]]*+(?=\s|$)|\n+")


def _sentences(text: str, mentions: Sequence[Mention], contrary: Callable[[str], str | None]) -> Iterator[_Sentence]:
    """The sentences of a text, each with the labels that it does not rule out."""
    start = 0
    for end in [*(m.end() for m in _END.finditer(text)), len(text)]:
        if any(map(str.isalnum, text[start:end])):
            inside = tuple(m for m in mentions if start <= m.start < end)
            yield _standing(_Sentence(text[:end], start, inside), contrary)
        start = end


def _standing(s: _Sentence, contrary: Callable[[str], str | None]) -> _Sentence:
    """The sentence without the labels that it asks about, grants or denies; after a "but" only what follows counts."""
    if not s.mentions or s.text.rstrip(" \n\"')]").endswith("?"):
        return replace(s, mentions=())
    granted = [m.span() for m in _round("granted").finditer(s.text, s.start)]
    kept = []
    for m in s.mentions:
        if any(a <= m.start < b for a, b in granted) or _round("out").match(s.after(m)):
            continue
        if not _round("denied").search(s.before(m)):
            kept.append(m)
        elif other := contrary(m.label):
            kept.append(replace(m, label=other, denies=True))
    turn = max((m.end() for m in pattern("label_but").finditer(s.text, s.start)), default=0)
    return replace(s, mentions=tuple([m for m in kept if m.start >= turn] or kept))


def _from(sentences: Sequence[_Sentence], cut: int) -> list[_Sentence]:
    """What is said after a place."""
    return [
        _Sentence(s.text, max(s.start, cut), tuple(m for m in s.mentions if m.start >= cut))
        for s in sentences
        if len(s.text) > cut
    ]


def _decided(sentences: Sequence[_Sentence]) -> list[str]:
    """Labels of the strongest way in which one is given."""
    strong: list[str] = []
    for n, s in enumerate(sentences):
        end = n in (0, len(sentences) - 1)
        strong += _with_joined(s, [m for m in s.mentions if _announced(s, m) or (end and _alone(s, m))])
    opened = [m.label for s in sentences for m in s.mentions[:1] if _opens(s, m)]
    if strong or len(set(opened)) > 1:
        return strong or opened
    said = (_with_joined(s, [m for m in s.mentions if _opens(s, m) or _framed(s, m)]) for s in sentences)
    return next(filter(None, said), [])


def _with_joined(s: _Sentence, given: Sequence[Mention]) -> list[str]:
    """These labels, and those named in one breath with them."""
    chosen = list(given)
    for a, b in pairwise(s.mentions):
        if (a in chosen or b in chosen) and _round("joined").fullmatch(s.text, a.end, b.start):
            chosen += [a, b]
    return [m.label for m in chosen]


def _announced(s: _Sentence, m: Mention) -> bool:
    """At the end of "Category: …" or "The answer is …"."""
    return bool(_round("announced").search(s.before(m)) and _round("ends").match(s.after(m)))


def _alone(s: _Sentence, m: Mention) -> bool:
    return bool(_round("start").match(s.before(m)) and _round("ends").match(s.after(m)))


def _opens(s: _Sentence, m: Mention) -> bool:
    few = len(m.label) > 2 and len(s.after(m).split()) <= 1  # "Billing issue"
    return bool(_round("start").match(s.before(m)) and (few or _round("closed").match(s.after(m))))


def _framed(s: _Sentence, m: Mention) -> bool:
    """Whether the sentence says that it is the label, rather than having the word in it."""
    weak = (len(m.label) <= 2 and m.label.isascii()) or not m.label[0].isalpha()
    closed = _round("closed").match(s.after(m))
    if closed and closed["after"]:
        return True
    return m.denies or bool((closed or not weak) and _round("framed").search(s.before(m)))
