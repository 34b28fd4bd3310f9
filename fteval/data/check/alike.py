"""Copies: the same text, the same but for case and marks, a run of thirteen words, nearly the same letters.

Each step is cheaper than the next and finds what the next would find too. Thirteen words in a row are the unit by which
contamination is counted since GPT-3 (arXiv:2005.14165, appendix C).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
from rapidfuzz import fuzz

from fteval.data.check.rows import Row
from fteval.records import normalised

RUN = 13
NEAR = 90
"""Percent of the letters that two prompts have in common, in order."""
SHORT = 5
"""Words of an answer that can be said in one way only."""
_READ = 2000
_WORD = re.compile(r"\w+")
_BOILERPLATE = 10
"""Training rows with the same run of words from which on it is an instruction that many rows have, and no copy."""
_MOST = 4
"""Rows with the same key that one is compared with."""


def words(text: str) -> tuple[str, ...]:
    """The words of a text, without case and marks."""
    return tuple(_WORD.findall(normalised(text)))


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts that are alike, and how."""

    one: int
    other: int
    how: str
    """`the same`, `the same words`, `13 words in a row`, `nearly the same`."""


def copies(rows: Sequence[Row]) -> Iterator[Pair]:
    """Each row that asks what an earlier one asks and does not answer otherwise, with that one; the earlier first."""
    exact: dict[tuple[str, str | None], int] = {}
    same: dict[int, int] = {}
    keys: dict[int, list[int]] = {}
    for at, row in enumerate(rows):
        first = exact.setdefault((row.context, row.answer), at)
        if first != at:
            yield Pair(first, at, "the same")
            continue
        said = words(row.context[:_READ])
        known = same.setdefault(hash((said, words(row.answer or ""))), at)
        if known != at:
            yield Pair(known, at, "the same words")
            continue
        near = next((o for key in _keys(said) for o in keys.get(key, ()) if _near(row, rows[o])), None)
        for key in _keys(said):
            held = keys.setdefault(key, [])
            if len(held) < _MOST:
                held.append(at)
        if near is not None:
            yield Pair(near, at, "nearly the same")


def _keys(said: tuple[str, ...]) -> list[int]:
    """What rows that are nearly the same probably share: how they begin and end, and some runs of words."""
    # Python's own hash of a text is another one in each process, and so would be what is found.
    runs = (crc32(" ".join(said[i : i + RUN]).encode("utf-8", "surrogatepass")) for i in range(len(said) - RUN + 1))
    return [hash(("^", *said[:4])), hash(("$", *said[-4:])), *(run for run in runs if run % 8 == 0)]


def _near(one: Row, other: Row) -> bool:
    asked = fuzz.ratio(one.context[:_READ], other.context[:_READ], score_cutoff=NEAR) >= NEAR
    return asked and not _answered_otherwise(one.answer, other.answer)


def _answered_otherwise(one: str | None, other: str | None) -> bool:
    """ "Where does Ann live?" and "Where does Dan live?" are two questions where their short answers are two."""
    if one is None or other is None:
        return False
    a, b = words(one), words(other)
    return max(len(a), len(b)) <= SHORT and a != b


def conflicts(rows: Sequence[Row]) -> Iterator[tuple[int, int]]:
    """Rows that ask the same and answer otherwise: one first row, and each later one that says another thing."""
    first: dict[tuple[str, ...], int] = {}
    for at, row in enumerate(rows):
        if row.answer is None:
            continue
        known = first.setdefault(words(row.context), at)
        if known != at and words(row.answer) != words(rows[known].answer or ""):
            yield known, at


def shared(asked: Sequence[Row], rows: Sequence[Row]) -> dict[int, Pair]:
    """Of the prompts of a hold-out (`one`) those that stand in the training rows (`other`), by their place."""
    found: dict[int, Pair] = {}
    said = [words(row.prompt[:_READ]) for row in asked]
    whole: dict[tuple[str, ...], list[int]] = {}
    runs: dict[tuple[str, ...], list[int]] = {}
    for at, text in enumerate(said):
        whole.setdefault(text, []).append(at)
        for i in range(len(text) - RUN + 1):
            runs.setdefault(text[i : i + RUN], []).append(at)
    hits: dict[tuple[str, ...], list[int]] = {}
    for at, row in enumerate(rows):
        _add(found, whole.get(words(row.prompt[:_READ]), ()), at, "the same")
        text = words(row.context[:_READ]) if runs else ()
        for run in {text[i : i + RUN] for i in range(len(text) - RUN + 1)}:
            if run in runs and len(hits.setdefault(run, [])) <= _BOILERPLATE:
                hits[run].append(at)
    for run, places in hits.items():
        if len(places) <= _BOILERPLATE:
            _add(found, runs[run], places[0], "13 words in a row")
    left = [at for at in range(len(asked)) if at not in found]
    for one, other in _nearly(asked, left, rows):
        found.setdefault(one, Pair(one, other, "nearly the same"))
    return found


def _add(found: dict[int, Pair], places: Sequence[int], other: int, how: str) -> None:
    for one in places:
        found.setdefault(one, Pair(one, other, how))


def _nearly(asked: Sequence[Row], left: Sequence[int], rows: Sequence[Row]) -> Iterator[tuple[int, int]]:
    """Pairs with nearly the same letters.

    How often each letter comes bounds how alike two texts can be, and is quick to compare: no pair is missed.
    """
    from scipy.spatial.distance import cdist

    if not left:
        return
    held = _letters([asked[at].prompt for at in left])
    for start in range(0, len(rows), 2000):
        part = rows[start : start + 2000]
        given = _letters([row.prompt for row in part])
        length = given.sum(axis=1)[:, None] + held.sum(axis=1)[None, :]
        close = cdist(given, held, "cityblock") <= length * (100 - NEAR) / 100
        for i, j in zip(*np.nonzero(close), strict=True):
            one, other = asked[left[j]], part[i]
            same = fuzz.ratio(one.prompt[:_READ], other.prompt[:_READ], score_cutoff=NEAR) >= NEAR
            if same and not _answered_otherwise(one.answer, other.answer):
                yield left[j], start + int(i)


def _letters(texts: Sequence[str]) -> Any:
    """(texts, 64) how often each letter comes, letters of one remainder counted together."""
    made = np.zeros((len(texts), 64), dtype=np.float64)
    for at, text in enumerate(texts):
        codes = np.frombuffer(text[:_READ].encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        made[at] = np.bincount(codes & 63, minlength=64)
    return made
