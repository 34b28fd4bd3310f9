"""How an answer is judged: a probe, its metrics, its scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from fteval.records.generations import Generation
from fteval.records.samples import Sample
from fteval.records.verdicts import Reply, Trial, Turns


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
    taught: bool = False
    """True where it asks for what was taught, in the words of the teaching: that these were trained on proves nothing
    against it."""
    given: str | None = None
    """Another metric: a variant (its id is that of a sample with ~ and more) counts only where the sample that it comes
    from scored at least half on that one. What the model cannot do anyway, a disturbance does not take from it."""
    sure_of: str | None = None
    """Another metric: this one is the probability that the model gives to a 1 there. Reports say band by band how often
    it was right."""
    moves: bool = False
    """True where a comparison also shows what became of each right answer: kept, lost, won (`stats.moves`)."""
    of: str | None = None
    """The metric whose moves this one is: it is known of two runs only."""

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


def variants_that_count(ids: Sequence[str], given: Sequence[float | None]) -> frozenset[str]:
    """Ids of the variants (ID~name) whose own sample scored at least half, see `Metric.given`."""
    right = {i for i, value in zip(ids, given, strict=True) if value is not None and value >= 0.5}
    return frozenset(i for i in ids if i.rpartition("~")[0] in right)


@runtime_checkable
class Probe(Protocol):
    """What is asked and how it is judged: a frozen dataclass whose fields are what fteval.yaml may set.

    Class variables: `version: int` (1 without one) goes up when a number can move; `asks_reference = True` where a
    generation's `reading` is used, `asks_base = True` for its `divergence`, `offers_tools = True` where rows may have
    `tools`. More is a protocol below.
    """

    metrics: tuple[Metric, ...]

    def samples(self) -> Iterator[Sample]: ...
    def score(self, sample: Sample, generation: Generation) -> Scores: ...


def asks_base(probe: Probe) -> bool:
    """Whether a probe holds a model's answers against its base's, token by token."""
    return bool(getattr(probe, "asks_base", False))


def offers_tools(probe: Probe) -> bool:
    """Whether a probe makes use of what a row says of tools; for others such a row is refused."""
    return bool(getattr(probe, "offers_tools", False))


@runtime_checkable
class FittedProbe(Protocol):
    """One whose metrics follow from its hold-out, as labels do."""

    def for_samples(self, samples: Iterable[Sample]) -> Probe:
        """The probe for these samples: all of a hold-out, whatever --limit leaves."""


@runtime_checkable
class VaryingProbe(Protocol):
    """One that asks more than the rows of a hold-out."""

    def variants(self, samples: Iterable[Sample]) -> Iterable[Sample]:
        """What is asked instead of these samples."""


@runtime_checkable
class ComparingProbe(Protocol):
    """One that judges an answer beside all others of its run."""

    def beside(self, answers: Iterable[tuple[Sample, str]]) -> Probe:
        """The probe that knows these answers, and to what they were given."""


@runtime_checkable
class WrappingProbe(Protocol):
    """One that lets another judge."""

    probe: str
    """Name of the other one, whose questions it asks."""

    @property
    def wrapped(self) -> Probe: ...


@runtime_checkable
class NamingProbe(Protocol):
    """One with names in its parameters: of files, of corpora. What they stand for decides the scores, not the names."""

    @property
    def contents(self) -> Mapping[str, str]:
        """Parameter -> digest of what it names."""


@runtime_checkable
class DrawingProbe(Protocol):
    """One whose answers must be drawn in a way of its own."""

    @property
    def sampling(self) -> Mapping[str, Any]:
        """Fields of Sampling; what the user says of this probe goes before."""


@runtime_checkable
class JudgedProbe(Protocol):
    """One whose answers another model judges: it says what that model is asked, and scores `Generation.heard`.

    Class variable: `needs_judge = True` where nothing is judged without.
    """

    @property
    def judge(self) -> str | None:
        """Ref of the model; None for nobody."""

    @property
    def votes(self) -> int:
        """How often each question is asked; more than once with chance."""

    @property
    def reply_tokens(self) -> int:
        """Of the longest reply."""

    @property
    def beside_base(self) -> bool:
        """Whether an answer is judged beside the base's to the same sample."""

    def asks(self, sample: Sample, text: str, base: str | None) -> tuple[Turns, ...]:
        """What the judge is asked about an answer; nothing where rules decide."""

    def trials(self, answers: Sequence[tuple[Sample, str]]) -> tuple[Trial, ...]:
        """Tests that the judge must stand in this run, made of the base's answers."""

    def passes(self, trial: Trial, replies: Sequence[Reply]) -> bool:
        """Whether the judge replied to a trial as a judge does."""
