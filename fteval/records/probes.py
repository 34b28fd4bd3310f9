"""How an answer is judged: a probe, its metrics, its scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from fteval.records.generations import Generation
from fteval.records.samples import Sample


@dataclass(frozen=True, slots=True)
class Scores:
    """A probe's judgement of one generation: a value per metric, or None where it cannot be judged."""

    values: Mapping[str, float | None]
    answer: str | None = None
    """What was extracted from the output and judged."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """metric -> one sentence; always given for None, and for 0 wherever the probe can say why."""


@dataclass(frozen=True, slots=True)
class Metric:
    """What a number means."""

    name: str
    primary: bool = False
    better: str = "higher"
    """`higher` or `lower`."""
    unit: str = "share"
    """`share` is 0 to 1, shown as percent and compared in pp; anything else is a plain number of that unit."""
    chance: float | None = None
    """What guessing scores, where that means something."""
    reported: bool = True
    """False for a helper that only explains another metric."""
    scale: float | None = None
    """The most that one sample's score can change, where that is known: a guarantee needs a bound. Shares have 1."""
    labels: bool = False
    """True where a score of 1 says that the extracted answer is a label, as the target is: reports say which one was
    taken for which."""
    partial: bool = False
    """True where it means something for some samples only: without a score on either side a sample is not missing."""

    @property
    def bound(self) -> float | None:
        """`scale`, 1 for a share, None for an unbounded metric."""
        return 1.0 if self.unit == "share" and self.scale is None else self.scale


def primary(metrics: Iterable[Metric]) -> Metric:
    """The metric that a probe's headline rests on: the one marked so, else the first. Raises ValueError for none."""
    known = list(metrics)
    if not known:
        raise ValueError("a probe without metrics")
    return next((m for m in known if m.primary), known[0])


@runtime_checkable
class Probe(Protocol):
    """What is asked and how it is judged: a frozen dataclass whose fields are what fteval.yaml may set.

    Optional: `version: int` (class variable, default 1; goes up when a number can move), `for_samples(samples) ->
    Probe` for a probe whose metrics follow from its hold-out, `variants(samples) -> Iterable[Sample]` for one that
    asks more than the rows of a hold-out, `wrapped: Probe` for one that lets another judge, `contents` for what names
    in its parameters stand for (parameter -> digest), and `measured_by` for one that judges by a model (see
    `runs.suite`).
    """

    metrics: tuple[Metric, ...]

    def samples(self) -> Iterator[Sample]: ...
    def score(self, sample: Sample, generation: Generation) -> Scores: ...
