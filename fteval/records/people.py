"""What people say of answers: whether a score is right, and which of two answers they prefer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fteval.records.probes import Metric


def judgeable(metric: Metric) -> bool:
    """Whether a person can say what a score should be: it says yes or no of an answer."""
    return metric.unit == "share" and metric.scale is None and metric.reported and metric.of is None


@dataclass(frozen=True, slots=True)
class Label:
    """A person's own score of an answer."""

    value: float
    drawn: bool
    """Whether a random order chose the answer, or the person did."""


@dataclass(frozen=True, slots=True)
class Labels:
    """All that count of a run, and what does not."""

    kept: Mapping[tuple[str, str, str], Label]
    """By probe, sample and metric."""
    skipped: int = 0
    """Answers that a random order chose and nobody could judge."""
    damaged: int = 0
    """Lines that are not as they were written."""
    changed: int = 0
    """Labels of a sample or an answer that is another one now."""


@dataclass(frozen=True, slots=True)
class Share:
    """`k` of `n`, with an interval; None where there is nothing to go by."""

    k: float
    n: int
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """How often a probe's score is wrong on a model's answers, by people's labels."""

    model: str
    probe: str
    metric: str
    drawn: bool
    """Of answers that a random order chose: only these speak for all."""
    accepted: Share
    """Of the answers with a score of 1, those that people give a 0."""
    rejected: Share
    """Of those with a 0, those that people give a 1."""
    unscored: int
    """Labelled ones that the probe could not judge."""

    @property
    def n(self) -> int:
        """Labelled answers."""
        return self.accepted.n + self.rejected.n + self.unscored


@dataclass(frozen=True, slots=True)
class Preferred:
    """How often people prefer a candidate's answer to the base's, blind; a tie is half."""

    model: str
    probe: str
    better: int
    worse: int
    ties: int
    share: Share
    """Of the pairs that were judged, all of them drawn at random among the answers that differ."""
    differing: int
    total: int
    """Samples, and those whose two answers differ: the others are ties that nobody need see."""
    skipped: int = 0
    damaged: int = 0
    changed: int = 0

    @property
    def overall(self) -> Share:
        """With the same answer taken for a tie, as the judge takes it."""
        same = (self.total - self.differing) / self.total if self.total else 0.0
        ends = (_mean(self.share), self.share.low, self.share.high)
        mean, low, high = (None if x is None else (1 - same) * x + same / 2 for x in ends)
        return Share((mean or 0.0) * self.total, self.total, low, high)


def _mean(share: Share) -> float | None:
    return share.k / share.n if share.n else None


@dataclass(frozen=True, slots=True)
class People:
    """What people said of a result's answers."""

    errors: tuple[ErrorRate, ...] = ()
    preferred: tuple[Preferred, ...] = ()
    notes: tuple[str, ...] = ()
    """What was left out, and why."""
