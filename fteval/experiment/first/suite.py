"""Which probes somebody's rows ask for, and gates that their samples can decide."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fteval import registry
from fteval.evals.language.text import words
from fteval.experiment.first.answers import Answers, answers_of
from fteval.experiment.first.rows import CALLS, CONVERSATIONS, PAIRS, PROMPTS, Rows, Split
from fteval.nano import holdouts
from fteval.records import Gate, Metric, Sample, sample_from_row
from fteval.stats import ahead

HOLDOUT, DEV, TRAIN = "data/holdout.jsonl", "data/dev.jsonl", "data/train.jsonl"
GAINS = (0.05, 0.10, 0.20, 0.30)
DROPS = (0.02, 0.05, 0.10, 0.20)
"""Margins of gates, the finest first: the first that the samples can decide is taken."""
MOST_DEV = 200
_SHORTEST = 20
"""One answer in so many may be shorter than what counts as long enough."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe of the config, and the metric that a gate is on."""

    name: str
    use: str
    metric: str
    rule: str
    why: str
    own: bool = True
    """Asked the rows of the hold-out, and not its own questions."""
    params: Mapping[str, Any] = field(default_factory=dict)
    hints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gated:
    """A gate, the samples that it needs and those that it has."""

    gate: Gate
    needed: int | None
    has: int


def probes_of(rows: Rows) -> list[Probe]:
    """The probes that fit these rows, that of the answers first."""
    found: list[Probe] = []
    if rows.kind == CALLS:
        found.append(Probe("answers", "tools", "call_correct", "min_gain", "the answers are calls of the row's tools"))
    answers = _answers(rows)
    if answers is not None:
        why = f"the {'preferred ' if rows.kind == PAIRS else ''}answers are {answers.what}"
        rule = "min_gain" if rows.kind == CONVERSATIONS else "max_drop"
        found.append(
            Probe("answers", answers.probe, answers.metric, rule, why, params=answers.params, hints=answers.hints)
        )
    if rows.kind in (PROMPTS, PAIRS) or (answers is not None and answers.long):
        found += _texts(rows)
    found.append(
        Probe("facts", "facts", "correct", "max_drop", "a training can unteach what the base knows", own=False)
    )
    if not any(probe.use == "degeneration" for probe in found):
        why = "a training can break the language itself"
        found.append(Probe("degeneration", "degeneration", "sound", "max_drop", why, own=False))
    return found


def _answers(rows: Rows) -> Answers | None:
    given = [row.answer for row in rows.read if row.answer is not None]
    return answers_of(rows.rows, given) if given and rows.kind in (CONVERSATIONS, PAIRS) else None


def _texts(rows: Rows) -> Iterator[Probe]:
    """What can be asked of texts, whatever they are about."""
    sizes = sorted(len(words(row.answer)) for row in rows.read if row.answer)
    least = max(1, sizes[len(sizes) // _SHORTEST] // 2) if sizes else 5
    told = "an answer has a few words at least"
    if sizes:
        told = f"the answers are texts: half of what 95 % of them have is {least} words"
    yield Probe("laziness", "laziness", "long_enough", "max_drop", told, params={"min_words": least})
    yield Probe("degeneration", "degeneration", "sound", "max_drop", "the answers are texts: are they still language?")
    yield Probe("relevance", "relevance", "on_topic", "max_drop", "the answers are texts: are they about their prompt?")


def gates_of(probes: Sequence[Probe], split: Split) -> list[Gated]:
    """A gate for each probe, with the finest margin that its samples can decide.

    Where they decide none it is the coarsest: a gate on one's own rows will then say `cannot tell`, and one on others
    is advisory.
    """
    own = [sample_from_row(row, tools=True) for row in split.holdout]
    asked = [own if probe.own else holdouts.samples(probe.use) or [] for probe in probes]
    return [_gated(probe, samples, len(probes)) for probe, samples in zip(probes, asked, strict=True) if samples]


def _gated(probe: Probe, samples: Sequence[Sample], among: int) -> Gated:
    made = registry.probe(probe.use, {} if probe.use == "holdout" else probe.params)
    metric = next((m for m in made.metrics if m.name == probe.metric), Metric(probe.metric))
    has = ahead.independent(ahead.group_sizes(sample.group for sample in samples))
    margins = GAINS if probe.rule == "min_gain" else DROPS
    tried = [Gate(probe.name, probe.metric, probe.rule, margin) for margin in margins]
    for gate in tried:
        n = ahead.needed(gate, metric, among)
        if n is not None and n <= has:
            return Gated(gate, n, has)
    return Gated(replace(tried[-1], advisory=not probe.own), ahead.needed(tried[-1], metric, among), has)


def sizes(rows: Rows, among: int) -> tuple[int, int]:
    """Rows for the hold-out and for dev: a fifth and a tenth, as far as so many gates need and can use them."""
    n = len(rows.rows)
    each = n / max(1, ahead.independent([len(group) for group in rows.together]))
    least, most = (_needed(margin, among) * each for margin in (GAINS[1], GAINS[0]))
    holdout = min(max(n / 5, least), most, 2 * n / 5)
    return math.ceil(holdout), max(1, min(n // 10, MOST_DEV))


def _needed(gain: float, among: int) -> float:
    return ahead.needed(Gate("", "", "min_gain", gain), Metric(""), among) or math.inf
