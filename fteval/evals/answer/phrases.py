"""Phrases as data: `data/phrases/<language>/<kind>.tsv` has one a line, and beside it an example that needs it.

A phrase is written as people write it; "…" stands for what may come between, "*" for any ending. It is looked for in
plain text: folded, contractions written out ("can't" is "can not") and adverbs left out ("I really can't").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from fteval.evals.language.text import fold

_EDGE = r"\b"
_BETWEEN = r"[^.!?\n]{0,100}?"
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True)
class Phrase:
    """One line of a file."""

    language: str
    text: str
    example: str


@cache
def phrases(kind: str) -> tuple[Phrase, ...]:
    """Those of a kind, in every language that has some."""
    folders = sorted(resources.files("fteval.evals").joinpath("data", "phrases").iterdir(), key=lambda f: f.name)
    lines = [
        (folder.name, line.split("\t"))
        for folder in folders
        if (file := folder.joinpath(f"{kind}.tsv")).is_file()
        for line in file.read_text("utf-8").splitlines()
    ]
    return tuple(Phrase(language, text, example) for language, (text, example) in lines)


@cache
def word_list(kind: str) -> frozenset[str]:
    """English words of a kind: `data/phrases/en/<kind>.txt` has one a line."""
    file = resources.files("fteval.evals").joinpath("data", "phrases", "en", f"{kind}.txt")
    return frozenset(file.read_text("utf-8").split())


@cache
def languages(kind: str) -> frozenset[str]:
    """Those that have phrases of a kind."""
    return frozenset(phrase.language for phrase in phrases(kind))


@cache
def source(kind: str) -> str:
    """A pattern for any of a kind, in any language, to be put into another."""
    wanted = sorted({regex(p.text) for p in phrases(kind)}, key=lambda s: (-len(s), s))  # of two that fit, the longer
    words = [s.removeprefix(_EDGE) for s in wanted if s.startswith(_EDGE)]
    others = [s for s in wanted if not s.startswith(_EDGE)]
    return f"(?:{'|'.join([*others, *([f'{_EDGE}(?:{_by_first_word(words)})'] if words else [])]) or '(?!)'})"


def _by_first_word(patterns: Sequence[str]) -> str:
    """The same alternatives, each first word once: a text has few of them, and the rest is tried only there."""
    rests: dict[str, list[str]] = {}
    for first, space, rest in (p.partition(" ") for p in patterns):
        rests.setdefault(first, []).append(space + rest)
    return "|".join(first + (f"(?:{'|'.join(rest)})" if any(rest) else "") for first, rest in rests.items())


def regex(phrase: str) -> str:
    """A pattern for one phrase."""
    return _BETWEEN.join(map(_part, phrase.split("…")))


def _part(text: str) -> str:
    text = plain(text.strip())
    start, end = (_EDGE if c.isalnum() and not _UNSPACED.match(c) else "" for c in (text[0], text[-1]))
    return start + re.escape(text).replace(r"\ ", " ").replace(r"\*", r"\w*") + end


@cache
def pattern(kind: str) -> re.Pattern[str]:
    """A pattern for any of a kind, in any language."""
    return re.compile(source(kind))


_LONG = {"won't": "will not", "can't": "can not", "cannot": "can not", "cant": "can not", "dont": "do not"}
_ENDINGS = {"n't": " not", "'m": " am", "'re": " are", "'ve": " have", "'ll": " will", "'d": " would"}
_SHORT = re.compile(
    r"\b(won't|can(?:'?t|not)|dont)\b|(?<=\w)(n't|'m|'re|'ve|'ll|'d)\b|\b(it|that|this|here|there|what)'s\b"
    r"|\b(?:really|simply|just|also|therefore|currently|unfortunately|still|directly|personally|actually|truly"
    r"|honestly|possibly|probably|ethically|legally|safely|afraid|very|respectfully|politely|fully|even|now) "
)


@lru_cache(maxsize=16)
def plain(text: str) -> str:
    """Folded, contractions written out, adverbs left out."""
    return _SHORT.sub(_written_out, fold(text))


def _written_out(short: re.Match[str]) -> str:
    if short[1]:
        return _LONG[short[1]]
    if short[2]:
        return _ENDINGS[short[2]]
    return f"{short[3]} is" if short[3] else ""
