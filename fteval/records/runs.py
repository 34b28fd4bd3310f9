"""One model through one suite, read back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fteval.records.people import People
from fteval.records.probes import Metric
from fteval.records.readings import Limits
from fteval.records.samples import Sample
from fteval.records.verdicts import Standing


@dataclass(frozen=True, slots=True)
class Sequential:
    """Asked in a random order of groups with a look after every batch: part of the error is spent on the looks."""

    seed: int
    """Of the order, see `fteval.stats.sequential`."""
    planned: int
    """Samples, had the evidence never been enough."""
    largest_group: int = 1
    slices: tuple[Mapping[str, str], ...] = ()
    """Every combination of slices among the planned samples: one that was not asked yet is open, not unknown."""

    def order(self, ids: Sequence[str], groups: Sequence[str | None]) -> list[list[int]]:
        """Places of samples, group by group, in the random order of the seed; it follows from ids and groups alone."""
        members: dict[tuple[bool, str], list[int]] = {}
        for place, (sample, group) in enumerate(zip(ids, groups, strict=True)):
            members.setdefault((group is None, sample if group is None else group), []).append(place)
        return [members[key] for key in sorted(members, key=self._rank)]

    def _rank(self, key: tuple[bool, str]) -> bytes:
        return hashlib.sha256(f"sequential {self.seed} {key[0]:d} {key[1]!a}".encode()).digest()


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """One probe of one run: per-metric columns, aligned with `sample_ids`. What comparisons are made of."""

    probe: str
    digest: str
    """Probe name, version, parameters and source: runs whose digests differ are not compared."""
    metrics: tuple[Metric, ...]
    sample_ids: Sequence[str]
    sample_digests: Sequence[str]
    groups: Sequence[str | None]
    slices: Sequence[Mapping[str, str]]
    scores: Mapping[str, Sequence[float | None]]
    """metric -> mean over repeats per sample; None where any repeat could not be judged or answered."""
    errors: int = 0
    """Generations or judgements in error."""
    unscored: Mapping[str, int] = field(default_factory=dict)
    """metric -> answered samples that could not be judged."""
    partly: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Partial metric -> places of samples that were judged in some repeats only: they are missing, not meaningless."""
    truncated: int = 0
    empty: int = 0
    no_answer: int = 0
    """Outputs that were cut off inside their reasoning: not judged."""
    answer_tokens: float | None = None
    """Mean tokens per answer, where counted."""
    answer_seconds: float | None = None
    """Mean wall time of a server's answers; None where the model ran here."""
    answer_usd: float | None = None
    """Mean price per answer, its prompt included, in US dollars; None where no price is known."""
    prompt_tokens: float | None = None
    """Mean tokens per prompt, where counted."""
    shared_seconds: float | None = field(default=None, compare=False)
    """Mean of the time in which a model here answered many together, shared out among them; None for a server's."""
    within: Mapping[str, float] = field(default_factory=dict)
    """metric -> variance of a sample's mean score over its repeats, averaged over samples; with repeats only."""
    sequential: Sequential | None = None
    """How the samples were asked, where asking could stop as soon as the evidence was enough."""
    confusion: tuple[tuple[str, str, int], ...] = ()
    """(wanted, answered, how often) where answers are labels; "" for no label."""
    limits: Limits | None = None
    """Of the reference that judged too; None where there was none."""
    standing: Standing | None = None
    """How the judge stood its tests; None where there was none."""

    @property
    def stopped_of(self) -> int | None:
        """Samples that were planned, where asking stopped before all of them; None where all were asked."""
        planned = self.sequential.planned if self.sequential else 0
        return planned if planned > len(self.sample_ids) else None


@dataclass(frozen=True, slots=True)
class Readings:
    """What the references (or the judges) of a run cost: likelihoods (or replies), and those that were known before."""

    asked: int
    reused: int
    seconds: float

    def __add__(self, other: Readings | None) -> Readings:
        if other is None:
            return self
        return Readings(self.asked + other.asked, self.reused + other.reused, self.seconds + other.seconds)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One model through one suite, as found in the store."""

    id: str
    ref: str
    digest: str
    """Digest of the engine's identity."""
    path: str
    complete: bool
    subset: bool
    probes: tuple[ProbeResult, ...]
    planned: int
    reused: int
    generated: int
    errors: int
    seconds: float
    manifest: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    usd: float | None = None
    """What its own answers cost, without those reused; None where no price is known."""
    ended: str | None = None
    """Why nobody can use the model any more, where its provider has shut it down."""
    capabilities: Mapping[str, str] = field(default_factory=dict)
    """Field of a request -> what the server did with it: honoured, ignored, refused or unclear."""
    servers: Mapping[str, int] = field(default_factory=dict)
    """Where several servers shared the run: place of each -> answers that it gave."""
    readings: Readings | None = None
    """What the reference read for its judgement."""
    replies: Readings | None = None
    """What judges said."""
    people: People | None = None
    """What people said of its answers since."""

    def __repr__(self) -> str:
        # Short, because this is what a notebook shows: the columns of all samples are thousands of lines.
        state = "complete" if self.complete else "not complete"
        failed = f", {self.errors} failed" if self.errors else ""
        probes = ", ".join(p.probe for p in self.probes)
        return f"RunRecord {self.id}: {self.ref}, {state}, {self.planned} answers{failed}, of {probes or 'no probe'}"


@dataclass(frozen=True, slots=True)
class Judged:
    """One answer with its score, where there is nothing to compare it with."""

    probe: str
    metric: str
    sample: Sample
    score: float | None
    text: str
    reason: str | None = None
