"""Runs paired sample by sample, what gates found, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from fteval.records.advice import Advice, Cost, Made
from fteval.records.people import People
from fteval.records.probes import Metric
from fteval.records.runs import Judged, RunRecord
from fteval.records.samples import Sample
from fteval.records.series import Series
from fteval.records.watching import Curve


@dataclass(frozen=True, slots=True)
class MetricChange:
    """One metric, base against candidate, over the same samples."""

    probe: str
    metric: Metric
    base: float | None
    candidate: float | None
    difference: float | None
    """Mean of candidate - base over paired samples, in the metric's unit."""
    low: float | None
    high: float | None
    n_paired: int
    better: int
    worse: int
    planned: int
    scored: int
    errors: int
    unscored: int
    slice: Mapping[str, str] | None = None
    n_groups: int | None = None
    """Independent groups, where samples are paraphrases of one another; None where each stands alone."""
    effective: float | None = None
    """Independent samples that would say as much."""
    noise: float | None = None
    """Share of the uncertainty that is the models' own sampling; None where it is not known (one answer per sample)."""
    stopped: bool = False
    """Asking stopped when the evidence was enough: the estimate is exaggerated and has no interval."""
    q_value: float | None = None
    """Of a slice: the share of false leads among slices that stand out at least as much (Benjamini & Hochberg)."""


DEFAULT, AUTOMATIC = "default guard", "automatic"
"""The `where` of a gate that nobody wrote, and of one that came with another."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One rule on one metric."""

    probe: str
    metric: str
    rule: str
    """`min_gain`, `max_drop`, `min` or `max`."""
    threshold: float
    """In the metric's unit; pp and % are divided by 100."""
    slice: Mapping[str, str] | None = None
    advisory: bool = False
    where: str | None = None
    """file:line of the rule; `default guard` or `automatic` where nobody wrote it."""
    scale: float | None = None
    """The most that one sample's score can change, for a metric that has no bound of its own."""
    anchor: str | None = None
    """Name of the kept release to compare with, instead of the base."""
    max_unscored: float = 0.05
    """Share of the samples that may lack a score; with more of them the gate is incomplete."""
    allow_overlap: bool = False
    """Whether the gate counts although hold-out prompts were trained on."""
    margin: float | None = None
    """Of a `min_gain`: by how much a change without training may be worse than a trained one and still do as well."""

    def gate(self, metric: Metric) -> Gate:
        """Itself: its threshold is in the metric's unit already, where a config's rule first has to be converted."""
        return self


@dataclass(frozen=True, slots=True)
class Leak:
    """Hold-out prompts of a probe that a candidate was trained on."""

    probe: str
    ids: tuple[str, ...]
    asked: int
    """How many prompts the probe has."""

    def __str__(self) -> str:
        share = f"{len(self.ids)} of {self.asked}"
        return f"{share} hold-out prompts of '{self.probe}' were trained on (first: {self.ids[0]})"


@dataclass(frozen=True, slots=True)
class GateResult:
    """What one gate found: pass, fail, inconclusive or incomplete, and the numbers it rests on."""

    gate: Gate
    result: str
    reason: str
    """One sentence for people."""
    change: MetricChange | None = None
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    method: str = ""
    n_needed: int | None = None
    """Samples after which all gates together decide in 4 of 5 cases, where as many change as may by what was seen."""
    n_needed_least: int | None = None
    """The same where no more change than did."""
    p_pass: float = 1.0
    """One-sided tests against the threshold; for deciding about several gates and candidates together."""
    p_fail: float = 1.0
    scale: float = 1.0
    """The bound that the tests rest on: as given, or the largest change seen where that is more."""
    stopped_after: int | None = None
    """Samples after which the evidence was enough, where that was before the planned end."""


@dataclass(frozen=True, slots=True)
class Flip:
    """A sample whose score changed, with both answers."""

    probe: str
    metric: str
    sample: Sample
    base_score: float
    candidate_score: float
    base_text: str | None
    """None where only a digest of it was kept (a baseline file)."""
    candidate_text: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class NoiseFloor:
    """A model against itself, asked again with another seed or batch order: what changes without any change."""

    probe: str
    metric: Metric
    how: str
    """`another seed` or `another batch order`"""
    n: int
    flipped: int
    """Samples whose score was not the same."""
    difference: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class DriftLine:
    """A candidate against the anchor, a release that was kept: what single steps are too small to show."""

    anchor: str
    probe: str
    metric: Metric
    difference: float | None
    low: float | None
    high: float | None
    """At a level that holds over all releases planned for the anchor."""
    level: float
    n_paired: int
    alarm: bool
    """The whole interval lies on the bad side of 0."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the answers changed beside their scores, for one probe: base and candidate."""

    probe: str
    tokens: tuple[float | None, float | None]
    truncated: tuple[int, int]
    empty: tuple[int, int]
    errors: tuple[int, int]
    seconds: tuple[float | None, float | None] = (None, None)
    """Mean wall time per answer."""
    usd: tuple[float | None, float | None] = (None, None)
    """Mean price per answer in US dollars."""


@dataclass(frozen=True, slots=True)
class CandidateResult:
    """One candidate against the base."""

    name: str
    run: RunRecord
    verdict: str
    """`ship`, `do_not_ship`, `cannot_tell`, `incomplete`; `measured` where there is nothing to gate."""
    reason: str
    gates: tuple[GateResult, ...]
    changes: tuple[MetricChange, ...]
    slices: tuple[MetricChange, ...]
    flips: tuple[Flip, ...]
    behaviour: tuple[Behaviour, ...]
    warnings: tuple[str, ...] = ()
    drift: tuple[DriftLine, ...] = ()
    unguarded: tuple[MetricChange, ...] = ()
    """Headlines of probes that fell although no gate is on them."""
    training: str | None = None
    """What is known of the data that the candidate was trained on, in words."""
    curve: Curve | None = None
    """What was seen of it while it was trained."""
    kind: str = ""
    """`trained`, `asked`, or "" where nobody knows what was changed."""
    made: Made | None = None
    """What its training took, where that is known."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two or more runs paired sample by sample, and the verdict."""

    id: str
    base: RunRecord
    candidates: tuple[CandidateResult, ...]
    verdict: str
    exit_code: int
    chosen: str | None = None
    command: str | None = None
    warnings: tuple[str, ...] = ()
    noise: tuple[NoiseFloor, ...] = ()
    """Of the base; empty where it was never measured."""
    series: tuple[Series, ...] = ()
    """Trainings that belong together."""
    costs: tuple[Cost, ...] = ()
    """Of the base, then of each candidate, per request of what the change is for."""
    advice: Advice | None = None
    """None where nothing can be said of what was tried."""
    people: People | None = None
    """What people said of its answers since."""

    def __repr__(self) -> str:
        # Short, because this is what a notebook shows; `print(fteval.reports.terminal.render(c))` has it all.
        lines = [f"Comparison {self.id}: {self.verdict} (exit {self.exit_code}), base {self.base.ref}"]
        for c in self.candidates:
            lines.append(f"  {c.name}: {c.verdict}: {c.reason}")
            for change in c.changes:
                if change.metric.primary and change.difference is not None:
                    counts = f"n {change.n_paired}, better {change.better}, worse {change.worse}"
                    name = f"{change.probe}.{change.metric.name}"
                    lines.append(
                        f"    {name} {change.base:.3g} -> {change.candidate:.3g} ({change.difference:+.3g}, {counts})"
                    )
        return "\n".join(lines)


class ReportFormat(Protocol):
    """A module that writes a result for one kind of file."""

    ENDING: str
    """Of such files, `.md`."""
    WHAT: str
    """What such a file holds, in a few words for the help."""

    def render(self, subject: Comparison | RunRecord, worst: Sequence[Judged]) -> str | bytes:
        """The whole file; `worst` are a single run's worst answers, for formats that show any."""


@runtime_checkable
class FilesFormat(Protocol):
    """A report format that says of which bytes the models are made."""

    def render_files(self, subject: Comparison | RunRecord, files: Mapping[str, Mapping[str, str]]) -> str | bytes:
        """The whole file; `files`: run -> file -> hex SHA-256, nothing for a model whose files are not here."""


class Exporter(Protocol):
    """A module that hands a result on to another tool."""

    PLACE: str
    """What the text after the colon names there: `EXPERIMENT`."""
    WHAT: str
    """In a few words for the help."""

    def check(self, place: str) -> None:
        """Raises UserError saying what is missing; asked before anything is measured."""

    def export(self, subject: Comparison | RunRecord, place: str, files: Mapping[str, bytes]) -> str:
        """Hands it on, with report files by name; where it can be seen now."""


@runtime_checkable
class CheckedFormat(Protocol):
    """A report format that may not work here."""

    def check(self) -> None:
        """Raises UserError saying what is missing; asked before anything is measured."""
