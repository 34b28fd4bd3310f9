"""How much of what training rows say a model knows already: what is new to it is learnt badly, and teaches inventing.

The kinds are SliCK's (arXiv:2405.05904). Only rows with a short answer that does not stand in the question are asked:
a long answer is not right or wrong by a few words, and an answer that is read off the question is no knowledge.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from fteval import registry
from fteval.data.check.alike import SHORT, words
from fteval.data.check.check import Finding, finding
from fteval.data.check.learnt import Learnt
from fteval.experiment.experiment import Experiment
from fteval.experiment.known import kinds_of
from fteval.experiment.place import Place
from fteval.records import Message, Sample
from fteval.runs.asking import suite
from fteval.stats.tango import wilson_interval

ASKED = 100
"""Facts that are asked where nobody says how many."""
LONGEST = 48
"""Tokens of an answer: a fact is said within them, and a base that rambles on costs time."""
MUCH = 0.25
"""The share of unknown facts from which on it is a warning; the paper has no such line, harm grows with the share."""
_LABELS, _OFTEN, _COVERED = 10, 10, 0.9


@dataclass(frozen=True, slots=True)
class Questions:
    """Which rows can be asked, and why the others are not."""

    asked: list[Learnt]
    left_out: Counter[str]


def questions(rows: Sequence[Learnt]) -> Questions:
    """The rows that ask for a fact, as far as that can be seen."""
    labels, left_out, asked = _labels(rows), Counter[str](), list[Learnt]()
    seen: set[str] = set()
    for row in rows:
        said, read = words(row.answer), words("\n".join(turn["content"] for turn in row.prompt))
        if len(said) > SHORT:
            left_out["with a longer answer"] += 1
        elif not said or _within(said, read):
            left_out["whose answer stands in the question"] += 1
        elif row.answer.strip() in labels:
            left_out["with a label as answer"] += 1
        elif str(row.prompt) in seen:
            left_out["asking what an earlier one asks"] += 1
        else:
            seen.add(str(row.prompt))
            asked.append(row)
    return Questions(asked, left_out)


def _within(said: tuple[str, ...], read: tuple[str, ...]) -> bool:
    return any(read[at : at + len(said)] == said for at in range(len(read) - len(said) + 1))


def _labels(rows: Sequence[Learnt]) -> set[str]:
    """Where nearly all answers are a few, each given often, they are labels."""
    common = Counter(row.answer.strip() for row in rows).most_common(_LABELS)
    many = len(rows) >= _OFTEN * len(common) and sum(n for _, n in common) >= _COVERED * len(rows)
    return {label for label, _ in common} if many else set()


def known_of(rows: Sequence[Learnt], experiment: Experiment, place: Place, limit: int, seed: int) -> Iterator[Finding]:
    """What the experiment's base knows of at most so many facts. Raises as `fteval.run` does."""
    found = questions(rows)
    others = ", ".join(f"{n:,} {why}" for why, n in found.left_out.most_common())
    if not found.asked:
        yield Finding(
            "note", f"what {experiment.base} knows was not asked: no row asks for a fact ({others or 'no rows'})"
        )
        return
    facts = {_fact(row): row for row in reversed(found.asked)}
    if limit == 0:
        yield Finding("note", f"what {experiment.base} knows of {len(facts):,} facts was not asked: --limit 0")
        return
    names = random.Random(f"known {seed}").sample(sorted(facts), min(limit, len(facts)))
    kinds = kinds_of(*_asked(found.asked, set(names), experiment), place)
    yield from _shares(experiment.base or "", kinds, facts, names, others)


def _place(row: Learnt) -> str:
    return f"{row.where}/{len(row.prompt)}"  # a conversation has several answers


def _fact(row: Learnt) -> str:
    return row.group or _place(row)


def _asked(rows: Sequence[Learnt], names: set[str], experiment: Experiment) -> tuple[suite.Suite, Experiment]:
    samples = [
        Sample(
            _place(row),
            tuple(Message(turn["role"], turn["content"]) for turn in row.prompt),
            row.answer,
            group=row.group,
        )
        for row in rows
        if _fact(row) in names
    ]
    sampling = replace(experiment.sampling, max_tokens=min(LONGEST, experiment.sampling.max_tokens))
    built = suite.build([("facts", registry.probe("facts"), samples)])
    return built, replace(experiment, sampling=sampling)


def _shares(
    model: str, kinds: dict[str, str], facts: dict[str, Learnt], names: Sequence[str], others: str
) -> Iterator[Finding]:
    n, counts = len(kinds), Counter(kinds.values())
    if not n:
        yield Finding("warning", f"none of the {len(names):,} answers of {model} could be judged")
        return
    told = [f"{100 * counts[kind] / n:.0f} % {what}" for kind, what in _KINDS.items() if counts[kind]]
    low, high = (100 * float(end) for end in wilson_interval(counts["unknown"] / n, n, 1.96))
    detail = (
        f"asked {len(names):,} of {len(facts):,} facts: {', '.join(told)}",
        *([f"rows not asked: {others}"] if others else []),
        *([f"not judged: {len(names) - n:,}"] if len(names) > n else []),
    )
    share = counts["unknown"] / n
    if share < MUCH:
        yield Finding(
            "note", f"{100 * share:.0f} % of the facts are unknown to {model} [{low:.0f}, {high:.0f}]", detail
        )
        return
    what = f"{100 * share:.0f} % of the facts are unknown to {model} [{low:.0f}, {high:.0f}]: expect hallucination"
    unknown = [facts[name].where for name, kind in kinds.items() if kind == "unknown"]
    shown = finding("warning", what, unknown)
    yield replace(shown, rows=(*detail, *shown.rows))


_KINDS = {
    "highly": "known",
    "maybe": "known in one wording",
    "weakly": "known when drawn four times",
    "unknown": "unknown",
}
