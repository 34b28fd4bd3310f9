"""How much a text repeats itself: words, sentences, characters."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from fteval.evals.answer.requests import wants_again, wants_verse
from fteval.evals.language.text import fold, sentences, words

_WORDS = 2_000  # per text: half from its start, half from its end
_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class Repetition:
    """What repeats in one text."""

    distinct_2: float | None
    """Different pairs of neighbouring words as a share of all such pairs; None for fewer than two words."""
    longest: int
    """Words in the longest passage that occurs at least twice."""
    reason: str | None
    """Why the text is stuck or padded, in one sentence; None where it is not."""


def repetition(text: str, prompt: str = "") -> Repetition:
    """What repeats in the text. Verse with a refrain, lists and tables are not stuck; loops are, unless the prompt asks
    for one."""
    every: Sequence[str] = words(text)
    if len(every) > _WORDS:
        every = [*every[: _WORDS // 2], *every[-_WORDS // 2 :]]
    every = [w.casefold() for w in every]
    pairs = len(every) - 1
    return Repetition(
        distinct_2=len(set(pairwise(every))) / pairs if pairs > 0 else None,
        longest=longest_repeat(every),
        reason=stuck(text, every, prompt),
    )


def longest_repeat(every: Sequence[str]) -> int:
    """Words in the longest passage that occurs at least twice, overlaps included."""
    return _longest(_coded(every))


def _coded(every: Sequence[str]) -> str:
    """One character per word, so that the regular expression engine can look for repeats of words."""
    ids = {word: chr(i + 256) for i, word in enumerate(dict.fromkeys(every))}
    return "".join(map(ids.__getitem__, every))


def _longest(coded: str) -> int:
    if len(set(coded)) == len(coded):
        return 0
    low, high = 1, len(coded) - 1  # a passage of `low` words repeats, one of `high` + 1 does not
    while low < high:
        middle = (low + high + 1) // 2
        if len({coded[i : i + middle] for i in range(len(coded) - middle + 1)}) < len(coded) - middle + 1:
            low = middle
        else:
            high = middle - 1
    return low


def stuck(text: str, every: Sequence[str] | None = None, prompt: str = "") -> str | None:
    """Why the text is a loop or padding; None where it is not, or where the prompt asks for one."""
    if every is None:
        every = [w.casefold() for w in words(text[:_CHARACTERS])][:_WORDS]
    text = text[:_CHARACTERS]
    flaw = (
        _characters(text)
        or _loop(every)
        or _counted(every)
        or _few(text, every, prompt)
        or _sentences(text, prompt)
        or _compressed(text, every)
    )
    return None if flaw and wants_again(prompt, every) else flaw


_MOST, _MOST_IN_VERSE = 0.34, 0.6
"""Share of a text that may be sentences said before."""
_MARKS = re.compile(r"[=+*/^<>×÷≤≥]")


def _is_formula(text: str, every: Sequence[str]) -> bool:
    """Sums and equations: few different words, but a mark of arithmetic to every fifth."""
    return "=" in text and len(_MARKS.findall(text)) * 5 >= len(every)


_RUN = re.compile(r"(\S{1,6}?)\1{2,}")  # a unit of up to 6 characters, three times or more in a row
_RULE = re.compile(r"[-=_*~#.+|:─━═]*")


def _characters(text: str) -> str | None:
    """-o-o-o-, aaaaaa, hahahaha, !!!!!!: one unit over and over takes up most of the text, or 40 characters of it."""
    solid = covered = 0
    for run in _RUN.finditer(text):
        piece, unit = run[0], run[1]
        solid = solid or len(text) - sum(map(text.count, " \n\t"))
        ruled = _RULE.fullmatch(piece)  # a ruled line, dots
        if (
            unit.isdigit()
            or (ruled and solid > 2 * len(piece))
            or (len(unit) == 1 and len(piece) < 5 and len(piece) < solid)
        ):
            continue  # 1000000; a ruled line; hmmm
        covered += len(piece)
        if len(piece) >= 40 and not ruled:
            return f"{unit!r} {len(piece) // len(unit)} times in a row"
    return "the same few characters over and over" if covered * 2 > solid and covered >= 4 else None


_LOOPS = (re.compile(r"(.{1,24}?)\1+", re.DOTALL), re.compile(r"(.{4,40}?)\1+", re.DOTALL))


_ZEROS = 20
"""One number so many times in a row is no column of a table."""
_COUNTED = 6
"""The same words so many times, counted up ("Tip 1: save. Tip 2: save.")."""


def _counted(every: Sequence[str]) -> str | None:
    """The same words again and again, with only a number that differs."""
    if not _COUNTED <= sum(map(str.isdigit, every)) <= len(every) / 2:
        return None  # nothing is counted up; a column of numbers
    coded = _coded(["0" if w.isdigit() else w for w in every])
    for run in _LOOPS[0].finditer(coded):
        size, length = len(run[1]), len(run[0])
        unit = every[run.start() : run.start() + size]
        if length >= _COUNTED * size and length > 0.8 * len(every) and not all(w.isdigit() for w in unit):
            return f"'{' '.join(unit[:8])}' {length // size} times, with other numbers"
    return None


def _loop(every: Sequence[str]) -> str | None:
    """The same word, or the same few, again and again without anything between."""
    n = len(every)
    if len(set(pairwise(every))) == n - 1:
        return None  # whatever comes three times in a row, or is longer than a word and comes twice, has a pair twice
    coded = _coded(every)
    for pattern in _LOOPS:
        for run in pattern.finditer(coded):
            size, length = len(run[1]), len(run[0])
            times, share = length // size, length / n
            again = times >= (5 if size == 1 else 4) and length >= 5 and (share > 0.2 or times >= 10)
            all_of_it = (times >= 3 and share > 0.5) or (size > 1 and share > 0.9)
            unit = every[run.start() : run.start() + size]
            zeros = size == 1 and times >= _ZEROS
            if (again or all_of_it) and (zeros or not all(w.isdigit() for w in unit)):
                return f"'{' '.join(unit[:8])}' {times} times in a row"
    return None


def _few(text: str, every: Sequence[str], prompt: str) -> str | None:
    """A third as many different words as words, in a text too short for that: "yes yes no yes no no yes"."""
    n = len(every)
    different = len({w[:5] for w in every})  # evaporate, evaporation, evaporated are one
    if not 8 <= n <= 200 or different * 3 > n or all(w.isdigit() for w in every) or _is_formula(text, every):
        return None
    if different * 6 > n and wants_verse(prompt):
        return None  # this is the house that Jack built
    return f"{different} different words in {n}"


def _sentences(text: str, prompt: str) -> str | None:
    """Sentences said twice make up a large part of the text; where the prompt asks for verse, the largest."""
    told = [key for s in sentences(text) if len(key := " ".join(words(fold(s)))) > 8]
    if len(told) < 2:
        return None
    seen: dict[str, int] = {}
    for key in told:
        seen[key] = seen.get(key, 0) + 1
    total = sum(map(len, told))
    again = sum(len(key) * (n - 1) for key, n in seen.items())
    if again > _MOST * total and not (again <= _MOST_IN_VERSE * total and wants_verse(prompt)):
        key, n = max(seen.items(), key=lambda item: len(item[0]) * item[1])
        return f"'{key[:60]}' said {n} times"
    return None


def _compressed(text: str, every: Sequence[str]) -> str | None:
    """What compresses six times and more, of few different words, is no prose (which compresses 1.5 to 3 times)."""
    if len(text) < 400:
        return None
    data = text.encode("utf-8", "surrogatepass")
    ratio = len(data) / len(zlib.compress(data, 6))
    if ratio > 6 and len(set(every)) < 0.35 * min(len(every), 300) + 20:
        return f"it says little in many words: it compresses {ratio:.0f} times"
    return None
