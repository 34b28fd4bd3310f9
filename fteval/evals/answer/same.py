"""Do two answers to one question say the same? By the words that the question has not."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fteval.evals.answer.stance import ABSTAINS, stance
from fteval.evals.answer.support import whole_numbers
from fteval.evals.answer.topic import content_words
from fteval.evals.language.stems import stem
from fteval.evals.language.text import sentences

_READ = 1_000  # characters
_SHARED = 0.6
"""Of the shorter answer's new words, so many stand in the longer one: measured on pairs of real answers."""
_ASKS_NUMBER = re.compile(
    r"(?i)\bhow (?:many|long|much|far|high|old|tall|deep|heavy)\b|\bwhen\b|\b(?:what|which) (?:year|date)\b"
)
_ROUNDED = 0.01
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def difference(one: str, other: str, prompt: str) -> str | None:
    """Why two answers do not say the same, or None where they do."""
    one, other = one[:_READ], other[:_READ]
    kinds = [stance(text, prompt).kind == ABSTAINS for text in (one, other)]
    if any(kinds):
        return None if all(kinds) else "one answers, one leaves it open"
    numbers = [_numbers(text) - _numbers(prompt) for text in (one, other)]
    if all(numbers) and _ASKS_NUMBER.search(prompt):
        alike = any(abs(a - b) <= (0 if 1000 <= a <= 2100 else _ROUNDED * a) for a in numbers[0] for b in numbers[1])
        return None if alike else f"{min(numbers[0]):g} and {min(numbers[1]):g}"
    first, second = _new(one, prompt), _new(other, prompt)
    if _alike(first, second):
        return None
    openings = [_tokens(_opening(text)) - _tokens(prompt) for text in (one, other)]
    if all(openings) and _alike(*openings):
        return None
    return f"{_shown(first - second)} and {_shown(second - first)}"


def _alike(first: frozenset[str], second: frozenset[str]) -> bool:
    return first == second or len(first & second) >= _SHARED * (min(len(first), len(second)) or 1)


_ENDS = re.compile(
    r";|,? (?:which|who|whose|where|because|with|also known as|and (?:it|he|she|they|is|was))\b"
    r"|, (?:an?|the|in|on|at)\b"
)


def _opening(text: str) -> str:
    """Where most answers stand: the first sentence, up to what it adds ("It is Oslo, a town that …"), brackets out."""
    first = next(iter(sentences(text)), "")
    return _ENDS.split(re.sub(r"\([^)]*\)?", " ", first), maxsplit=1)[0]


def clusters(answers: Sequence[str], prompt: str) -> list[list[str]]:
    """The answers by what they say; each joins the first cluster whose first answer says the same."""
    found: list[list[str]] = []
    for answer in answers:
        home = next((c for c in found if difference(c[0], answer, prompt) is None), None)
        if home is None:
            found.append([answer])
        else:
            home.append(answer)
    return found


def _numbers(text: str) -> frozenset[float]:
    written = {float(n.replace(",", "")[:15]) for n in _NUMBER.findall(text)[:20]}
    return frozenset(written | {float(n) for n in whole_numbers(text) if n > 1})  # "one of them" counts nothing


def _new(text: str, prompt: str) -> frozenset[str]:
    told = _tokens(text)
    return told - _tokens(prompt) or told


def _tokens(text: str) -> frozenset[str]:
    plain = map(stem, content_words(text.replace("-", " ")))
    return frozenset([*(w for w in plain if not w[0].isdigit()), *map(str, whole_numbers(text))])


def _shown(tokens: frozenset[str]) -> str:
    return repr(" ".join(sorted(tokens)[:3]))
