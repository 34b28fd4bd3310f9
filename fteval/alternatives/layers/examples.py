"""Rows that are shown as examples, and which of them for which question."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy

from fteval.alternatives.layers.bm25 import bm25
from fteval.data.jsonl import Problems, rows
from fteval.data.prompts import answer_of, training_sample
from fteval.records import Message, normalised

NEAR = 90
"""Per cent of their letters that two questions have in common, in order, from which on one gives the other away."""
SPARE = 16
"""More diverse rows are kept than are shown, in case that some are nearly the question."""
_FOLDED = 16
"""Paragraphs that may stand before the question in one turn."""


@dataclass(frozen=True, slots=True)
class Example:
    """A question with its answer."""

    id: str
    question: str
    turns: tuple[Message, ...]
    """Without a system's turn."""


Chosen = Callable[[str], list[Example]]
"""Question -> what is shown before it, in this order."""


def examples(path: Path) -> list[Example]:
    """Every row of a file that asks and is answered. Raises UserError for all rows that cannot be shown."""
    problems, found = Problems(path), []
    for number, row in rows(path, problems):
        try:
            sample = training_sample(row)
            target = answer_of(sample)
        except ValueError as error:
            problems.add(number, str(error))
            continue
        turns = tuple(m for m in sample.messages if m.role != "system")
        found.append(Example(sample.id, turns[-1].content, (*turns, Message("assistant", target))))
    problems.check()
    return found


def picker(select: str, rows: Sequence[Example], k: int) -> Chosen:
    """How rows are chosen. What is nearly the question itself is never shown: that would be its answer."""
    if select == "similar":
        return _similar(rows, k)
    order = _diverse(rows, k + SPARE) if select == "diverse" else rows
    return lambda question: _first(k, order, question)


def _first(k: int, order: Iterable[Example], question: str) -> list[Example]:
    found: list[Example] = []
    asks = _ends(question)
    for row in order:
        if len(found) == k:
            break
        if not any(is_near(turn.content, asked) for turn in row.turns if turn.role == "user" for asked in asks):
            found.append(row)
    return found


def _ends(question: str) -> list[str]:
    """The question, and what is left of it without what may have been put before it: a prompt in the user's turn."""
    parts = question.split("\n\n")
    return ["\n\n".join(parts[n:]) for n in range(min(len(parts), _FOLDED))]


def is_near(one: str, other: str) -> bool:
    """Whether two questions are one, or nearly."""
    from rapidfuzz import fuzz

    return bool(fuzz.ratio(normalised(one), normalised(other), score_cutoff=NEAR))


def _diverse(rows: Sequence[Example], most: int) -> list[Example]:
    """The first row, and then each time the one whose words are farthest from all that were taken (Jaccard)."""
    words = [frozenset(normalised(row.question).split()) for row in rows]
    apart = [2.0] * len(rows)
    order = [0]
    while len(order) < min(most, len(rows)):
        last = words[order[-1]]
        for i, own in enumerate(words):
            apart[i] = min(apart[i], 1 - len(own & last) / max(1, len(own | last)))
        apart[order[-1]] = -1.0
        order.append(max(range(len(rows)), key=lambda i: (apart[i], -i)))
    return [rows[i] for i in order]


def _similar(rows: Sequence[Example], k: int) -> Chosen:
    scores = bm25([row.question for row in rows])

    def chosen(question: str) -> list[Example]:
        order = numpy.argsort(-scores(question), kind="stable")  # of equals the first of the file
        return list(reversed(_first(k, (rows[i] for i in order), question)))  # the likest next to it

    return chosen
