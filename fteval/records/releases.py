"""Accepted releases: what is kept of one, and how one moved from the one before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fteval.records.comparisons import MetricChange
from fteval.records.probes import Metric, primary
from fteval.records.runs import ProbeResult


@dataclass(frozen=True, slots=True)
class Baseline:
    """The scores of a run that was accepted, to compare later ones with."""

    suite: str
    suite_digest: str
    anchor: str | None
    """Its name where it is pinned; None for the baseline, which every accepted release replaces."""
    accepted: str
    reason: str | None
    """Why it was accepted although a gate stood against it."""
    run: str
    ref: str
    digest: str
    """Of the model."""
    fteval: str
    engine: Mapping[str, Any]
    sampling: Mapping[str, Any]
    repeats: int
    versions: Mapping[str, int]
    """probe -> version"""
    probes: tuple[ProbeResult, ...]
    outputs: Mapping[tuple[str, str], tuple[str, ...]]
    """(probe, sample id) -> a digest per answer"""

    @property
    def n_samples(self) -> int:
        return sum(len(p.sample_ids) for p in self.probes)

    @property
    def scored(self) -> int:
        """Samples with a score by their probe's primary metric."""
        return sum(s is not None for p in self.probes for s in p.scores[primary(p.metrics).name])

    @property
    def id(self) -> str:
        """Under which it stands where a run's id would stand."""
        return f"baseline:{self.suite}" + (f"@{self.anchor}" if self.anchor else "")


@dataclass(frozen=True, slots=True)
class Step:
    """A paired difference to what was accepted earlier, in the metric's unit: later - earlier."""

    difference: float | None
    low: float | None
    high: float | None
    level: float
    n: int


@dataclass(frozen=True, slots=True)
class Point:
    """One metric of a release."""

    probe: str
    metric: Metric
    value: float | None
    low: float | None
    high: float | None
    n: int
    """Samples with a score."""
    step: Step | None
    """To the release before; None for the first one, and where the two are not comparable."""


@dataclass(frozen=True, slots=True)
class AnchorPoint:
    """One metric of a release against an anchor."""

    anchor: str
    run: str
    """The anchor's: a name can be given to another one later."""
    probe: str
    metric: Metric
    step: Step


@dataclass(frozen=True, slots=True)
class Release:
    """An accepted run as its line has it."""

    time: str
    run: str
    ref: str
    model: str
    suite: str
    probes: Mapping[str, str]
    """Name -> digest."""
    fteval: str
    points: tuple[Point, ...]
    replaced: str | None = None
    """The run of the baseline that this one replaced; None for the first."""
    breaks: Mapping[str, str] = field(default_factory=dict)
    """Probe -> why it cannot be compared with the release before."""
    anchored: tuple[AnchorPoint, ...] = ()
    forced: str | None = None
    """Why it was accepted although a gate stood against it."""
    anchor: str | None = None
    """The name under which the run was pinned. Such a line is no release, it only says where an anchor came from."""


@dataclass(frozen=True, slots=True)
class Moved:
    """How the samples of one probe differ between what was accepted and a run."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    edited: tuple[str, ...]
    """The same id with another content, group or slices."""
    scorer: bool
    """Whether the probe's version, parameters or scorers differ."""

    @property
    def reason(self) -> str | None:
        """Why the two cannot be compared, as in `suite changed (2 added, 1 edited)`; None where they can."""
        parts = [f"{len(ids)} {what}" for what, ids in self._samples if ids]
        found = ["scorer changed"] if self.scorer else []
        found += [f"suite changed ({', '.join(parts)})"] if parts else []
        return " and ".join(found) or None

    @property
    def _samples(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return ("added", self.added), ("removed", self.removed), ("edited", self.edited)


@dataclass(frozen=True, slots=True)
class Shift:
    """What a run would change of one probe."""

    probe: str
    moved: Moved
    common: int
    """Samples that both have."""
    answers: int
    """Of them, samples that were answered in other words."""
    changes: tuple[MetricChange, ...]
    """Over them; empty where another scorer judged."""
