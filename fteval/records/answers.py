"""What models answered, side by side: one row per sample, one answer per model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from fteval.records.comparisons import Comparison
from fteval.records.probes import Metric
from fteval.records.runs import RunRecord
from fteval.records.samples import Sample


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model answered to one sample, and how that was judged."""

    text: str | None
    """The first of several repeats; None where there is none, and `missing` says why."""
    scores: Mapping[str, float | None]
    """metric -> the score that the verdict rests on, over all repeats; None where it could not be judged."""
    missing: str | None = None
    extracted: str | None = None
    """What was taken from the text and judged."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    cut_off: bool = False
    """The limit of tokens ended it."""
    refuses: bool = False
    """It declines its task, by the provider's word or by how it opens."""
    more: tuple[str, ...] = ()
    """What was answered in further repeats."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One sample and its answers, in the order of the sheet's names."""

    probe: str
    sample: Sample
    answers: tuple[Answer, ...]

    def moved(self, metric: Metric, i: int) -> float | None:
        """By how much answer `i` is better than the first; None where either has no score."""
        before, after = (self.answers[k].scores.get(metric.name) for k in (0, i))
        if before is None or after is None:
            return None
        return after - before if metric.better == "higher" else before - after


@dataclass(frozen=True, slots=True)
class Sheet:
    """Answers to look at, the most harmful change first; of a single run, the lowest score."""

    names: tuple[str, ...]
    """Whose the answers are: the base's first."""
    metrics: Mapping[str, tuple[Metric, ...]]
    """By probe."""
    rows: tuple[Answered, ...]
    total: int
    """Samples that there are; `rows` may be fewer."""
    gone: tuple[str, ...] = ()
    """Of `names`, those whose answers are no longer there, or were never kept."""


@runtime_checkable
class AnswersFormat(Protocol):
    """A report format that shows answers, and not only numbers and a few of the worst."""

    MOST: int
    """Samples that one file shows."""

    def render_answers(self, subject: Comparison | RunRecord, sheet: Sheet) -> str | bytes:
        """The whole file."""
