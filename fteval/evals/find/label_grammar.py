"""How a sentence gives one of its words as the answer: alone, after "Category:", as a correction, or in passing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import regex

from fteval.evals.find.label_patterns import (
    AFTER,
    ALSO_NOT,
    BECAUSE,
    BUT,
    CONCEDED,
    CORRECTION,
    DECLARED,
    ENDS,
    FILLER,
    FINAL,
    FIRST_GUESS,
    FRAME,
    FRAMED_AFTER,
    HEDGE,
    JOINED,
    NOT,
    NOUN_VERB,
    NUMBERED,
    OPTION,
    RULED_OUT,
    STRICT_FRAME,
    THE_NOUN,
    WEAK_WORDS,
)

MOST = 400
"""Mentions that are looked at."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A label that stands in a text."""

    start: int
    end: int
    label: str


# --- decoration --------------------------------------------------------------------------------------

_TAG = regex.compile(r"</?[A-Za-z][^<>\n]{0,40}>")
_BOXED = regex.compile(r"\$?\\boxed\{(?:\\text\{)?([^{}\n]{1,80})\}+\$?")
_UNDERSCORES = regex.compile(r"(?<!\w)_++(?=\w)|(?<=[^\W_])_++(?!\w)")
_MARKS = regex.compile(r"\*++|~~|^[ \t]*+(?:\#{1,6}|>|[-+•])[ \t]++|[^\S\n]*+[\p{So}\ufe0f]", regex.MULTILINE)


def undecorated(text: str, keep: str = "") -> str:
    """The text without bold, headings, bullets, tags, emoji and \\boxed; characters in `keep` stay."""
    if "\\boxed" in text:
        text = _BOXED.sub(r" \1 ", text)
    if "<" in text and "<" not in keep:
        text = _TAG.sub(" ", text)
    if "_" in text:
        text = _UNDERSCORES.sub("", text)
    return str(_MARKS.sub(lambda m: m[0] if m[0].strip() and m[0].strip()[0] in keep else "", text))


# --- the answer ---------------------------------------------------------------------------------------


def given(text: str, mentions: Sequence[Mention]) -> tuple[str | None, str, list[str]]:
    """The label that a text gives, else why none is, and the labels that compete."""
    spoken = _spoken(text, mentions)
    if not spoken:
        return None, "a label is only asked about or ruled out", []
    loop = _loop(text, mentions)
    if loop:
        return None, f"{loop!r} over and over", []
    cut = _corrected(text, spoken)
    if cut is not None:
        return _one([cut.label])
    final = _final(text, spoken)
    if final:
        return _one([m.label for m in final] + sorted(_joined(text, final, spoken)))
    alone = _alone(text, spoken, mentions)
    declared = _declared(text, spoken)
    if declared:
        told = {m.label for m in declared} | _joined(text, declared, spoken)
        listed = {m.label for m in alone}
        if not told & listed:  # "Spam.\nCategory: ham"; a list of the options names this one as well
            told |= listed
        return _one([m.label for m in spoken if m.label in told])
    if alone:
        told = {m.label for m in alone} | _joined(text, alone, spoken)
        return _one([m.label for m in spoken if m.label in told])
    framed = [m for m in spoken if _framed(text, m)]
    if framed:
        told = {m.label for m in framed} | _joined(text, framed, spoken)
        return _one([m.label for m in spoken if m.label in told])
    return None, "no label is given as the answer", list(dict.fromkeys(m.label for m in spoken))


def _one(told: list[str]) -> tuple[str | None, str, list[str]]:
    different = list(dict.fromkeys(told))
    if len(different) == 1:
        return different[0], "", []
    return None, f"several labels: {', '.join(different[:5])}", different


def _spoken(text: str, mentions: Sequence[Mention]) -> list[Mention]:
    """Mentions that are not denied, asked about, conceded, or the noun of "this question is …"."""
    conceded = [m.span() for m in CONCEDED.finditer(text)]
    for guess in FIRST_GUESS.finditer(text):
        start = max(text.rfind(end, 0, guess.start()) for end in ".;!?\n")
        conceded.append((start + 1, guess.end()))
    kept: list[Mention] = []
    denied_end = -1
    for m in mentions:
        before, after = text[max(0, m.start - 80) : m.start], text[m.end : m.end + 60]
        clause = before.rsplit("\n", 1)[-1]
        if NOT.search(clause) or (denied_end >= 0 and ALSO_NOT.match(text[denied_end : m.start])):
            denied_end = m.end
            continue
        denied_end = -1
        if RULED_OUT.match(after) or any(a <= m.start < b for a, b in conceded):
            continue
        if THE_NOUN.search(before) and NOUN_VERB.match(after):
            continue
        end = regex.search(r"[.!?\n]", text[m.end : m.end + 200])
        if end and end[0] == "?":
            continue
        kept.append(m)
    return kept


def _loop(text: str, mentions: Sequence[Mention]) -> str | None:
    """A label three times in a row and nothing between."""
    for a, b, c in zip(mentions, mentions[1:], mentions[2:], strict=False):
        if a.label == b.label == c.label and not regex.search(r"\w", text[a.end : b.start] + text[b.end : c.start]):
            return a.label
    return None


def _only_fillers(text: str) -> bool:
    position = 0
    while position < len(text):
        filler = FILLER.match(text, position)
        if (
            not filler
            or filler.end() == position
            or (position and text[position - 1].isalnum() and filler[0][0].isalnum())
        ):
            return False
        position = filler.end()
    return True


def _clause_start(text: str, position: int) -> int:
    window = text[max(0, position - 160) : position]
    ends = [m.end() for m in regex.finditer(r"[.!?]['\")\]]*\s+|\n", window)]
    return max(0, position - 160) + ends[-1] if ends else 0 if position <= 160 else position - 160


def _alone(text: str, mentions: Sequence[Mention], every: Sequence[Mention]) -> list[Mention]:
    """Labels that are a line or sentence of their own, or that the answer opens with ("Not spam, but ham.")."""
    found = []
    denied = [m for m in every if m not in mentions]
    for m in mentions:
        start = _clause_start(text, m.start)
        for other in denied:
            if start <= other.start < m.start and (after := BUT.match(text, other.end)):
                start = after.end()
        before = text[start : m.start]
        if not (_only_fillers(before) or NUMBERED.match(before)):
            continue
        opening = not text[: _clause_start(text, m.start)].strip() or _only_fillers(text[:start].rstrip(" .!\n")[-160:])
        if ENDS.match(text, m.end) or (opening and AFTER.match(text, m.end)) or BECAUSE.match(text, m.end):
            found.append(m)
    options = [m for m in mentions if OPTION.match(text, m.end)]
    lines = [m for m in options if not text[: m.start].rpartition("\n")[2].strip(" (")]
    if (
        len({m.label for m in lines}) > 1 or len({m.label for m in options}) > 2
    ):  # "A) Rome", "B) Paris": the list given back
        found += [m for m in options if m not in found]
    return sorted(found, key=lambda m: m.start)


def _declared(text: str, mentions: Sequence[Mention]) -> list[Mention]:
    found = []
    for m in mentions:
        before = text[max(0, m.start - 120) : m.start]
        marks = list(DECLARED.finditer(before))
        if marks and _only_fillers(before[marks[-1].end() :]) and "\n\n" not in before[marks[-1].end() :]:
            found.append(m)
    return found


def _final(text: str, mentions: Sequence[Mention]) -> list[Mention]:
    """What follows the last "final answer"."""
    marks = [m.end() for m in FINAL.finditer(text)]
    if not marks:
        return []
    after = [m for m in mentions if m.start >= marks[-1] and _only_fillers(text[marks[-1] : m.start])]
    return after[:1]


def _corrected(text: str, mentions: Sequence[Mention]) -> Mention | None:
    """The label that a correction puts in place of an earlier one."""
    last = None
    for mark in CORRECTION.finditer(text):
        if not any(m.start < mark.start() for m in mentions) and mark[0].lower() not in ("no", "nope"):
            continue
        nearby = [m for m in mentions if mark.end() <= m.start <= mark.end() + 120]
        if not nearby or any(m.start <= mark.start() < m.end for m in mentions):
            continue
        m = nearby[0]
        between = text[mark.end() : m.start]
        if mark[0].lower() in ("no", "rather", "better", "update", "edit") and not regex.match(r"\s*[,:;.-]", between):
            continue
        later = nearby[1:2]
        if (
            (
                _only_fillers(CORRECTION.sub("", between))
                or ("\n" not in between and between.rstrip(" \"'").endswith(":"))
            )
            and (AFTER.match(text, m.end))
            and not (later and JOINED.fullmatch(text[m.end : later[0].start]))
        ):
            last = m
    return last


def _joined(text: str, told: Sequence[Mention], mentions: Sequence[Mention]) -> set[str]:
    """Other labels that are named in one breath with those told, or as a second possibility."""
    labels = {m.label for m in told}
    places = {(m.start, m.end) for m in told}
    others = set()
    for a, b in pairwise(mentions):
        if a.label == b.label:
            continue
        one, two = (a.start, a.end) in places, (b.start, b.end) in places
        if not (one or two) and not labels & {a.label, b.label}:
            continue
        between = text[a.end : b.start]
        if (one or two) and JOINED.fullmatch(between):
            others |= {a.label, b.label}
        elif a.label in labels and len(between) < 200 and HEDGE.search(text[max(a.end, b.start - 60) : b.start]):
            others.add(b.label)
    return others - labels


def _framed(text: str, m: Mention) -> bool:
    """Whether the sentence says that it is the label, rather than having the word in it."""
    start = _clause_start(text, m.start)
    before, after = text[start : m.start], text[m.end : m.end + 60]
    if len(m.label) <= 2 or m.label.lower() in WEAK_WORDS or not m.label[0].isalpha():
        single = len(m.label) == 1 and m.label.isalpha()
        if single and text[m.start : m.end] != m.label:
            return False
        return bool(STRICT_FRAME.search(before)) and bool(AFTER.match(text, m.end))
    return bool(FRAME.search(before[-80:]) or FRAMED_AFTER.match(after))
