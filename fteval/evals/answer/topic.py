"""What a prompt is about, and whether an answer is about it too. By words only, inflections allowed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from fteval.evals.answer.phrases import word_list
from fteval.evals.language import lexicon
from fteval.evals.language.detect import language
from fteval.evals.language.stems import stem, stems
from fteval.evals.language.text import fold, words

READ = 10_000
"""Characters of a text that are looked at."""

FUNCTION_WORDS = word_list("function")
"""English words that carry no topic."""
_INSTRUCTION_WORDS = word_list("instruction")


@dataclass(frozen=True, slots=True)
class Topic:
    """What a prompt is about."""

    subject: tuple[str, ...]
    """Stems of the subject's words; () where none is known."""
    name: str
    """The subject as it is written."""
    about: frozenset[str]
    """Stems of words that speak of it: the prompt's own content words, keywords, words of the target."""
    language: str
    free: bool
    """A text of some kind is wanted ("Write a weather warning") and no subject is known: it may be about anything."""


@lru_cache(maxsize=20_000)
def topic(prompt: str, subject: str | None = None, keywords: tuple[str, ...] = (), target: str | None = None) -> Topic:
    """What the prompt is about: the given subject, and words that speak of it."""
    prompt = prompt[:READ]
    code = language(prompt, least=3) or "en"
    asked = content_words(prompt, code)
    stemmed = [s for s in stems(subject or "", code) if s not in FUNCTION_WORDS]
    helpful = [w for k in keywords for w in words(k)] + (content_words(target, code) if target else [])
    about = {stem(w, code) for w in [*asked, *helpful] if not _says_nothing(fold(w), code)}
    return Topic(
        tuple(stemmed),
        subject or "",
        frozenset(about | set(stemmed)),
        code,
        not stemmed and bool(_WRITE.match(fold(prompt))),
    )


_WRITE = re.compile(r"\W*(?:please |can you |could you )?(?:write|compose|create|draft|invent|make up|come up with)\b")


def content_words(text: str, code: str = "en") -> list[str]:
    """Words that carry a topic: no function words, none of those with which people instruct."""
    return [w for w in map(fold, words(text[:READ])) if not _empty(w, code)]


@lru_cache(maxsize=50_000)
def _empty(word: str, code: str) -> bool:
    if code != "en" and code in lexicon.languages() and word.isalpha():
        return lexicon.zipf(word, code) >= (5.7 if len(word) > 1 else 6.5)
    return word in FUNCTION_WORDS or word in _INSTRUCTION_WORDS or (len(word) == 1 and word.isascii())


@lru_cache(maxsize=50_000)
def _says_nothing(word: str, code: str) -> bool:
    """Too common to show a topic by itself: "big", "make", "around"."""
    return word in FUNCTION_WORDS or (code == "en" and lexicon.zipf(word, "en") >= 5.35)


@dataclass(frozen=True, slots=True)
class Touch:
    """How an answer touches its topic."""

    mentions: bool
    """It names the subject."""
    others: frozenset[str]
    """The stems of other words of the topic that it uses."""


def touch(answer: str, of: Topic) -> Touch:
    """Which words of the topic the answer uses."""
    given = stems(answer[:READ], of.language)
    return Touch(mentions(given, of), of.about.intersection(given) - set(of.subject))


def mentions(given: list[str], of: Topic) -> bool:
    """Whether these stems name the subject, at most one other word between each two of its words ("a hole in your black
    sock" is not about a black hole); where none is known, any word of the topic."""
    if not of.subject:
        return not of.about.isdisjoint(given)
    wanted, width = set(of.subject), 2 * len(of.subject) - 1
    if " and " in of.name:
        return wanted <= set(given)
    starts = [i for i, g in enumerate(given) if g in wanted][:1_000]
    if any(wanted <= set(given[i : i + width]) for i in starts):
        return True
    only = of.subject[0] if len(of.subject[0]) > 4 and len(wanted) == 1 else "\0"  # Australian, planetary
    return any(g.startswith(only) and len(g) < len(only) + 4 for g in given)


def named(keywords: object) -> tuple[str, ...]:
    """Keywords as a row may hold them: a list, or text with commas."""
    if isinstance(keywords, str):
        return tuple(k.strip() for k in keywords.split(",") if k.strip())
    if isinstance(keywords, Iterable):
        return tuple(map(str, keywords))
    return ()
