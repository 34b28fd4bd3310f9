"""What is measured, against what, by which rules, as one checked record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from fteval.engines.remote.servers import Servers
from fteval.engines.workers import Cluster
from fteval.records import Change, Gate, Member, Metric, Probe, Sampling

DEFAULT_CONFIG = Path("fteval.yaml")


DEFAULT_STORE = Path(".fteval")
SEARCH = "optimise"
"""The alternative whose prompt is searched."""


@dataclass(frozen=True, slots=True)
class ProbeUse:
    """One probe of the suite: under which name, with which parameters, on whose samples."""

    name: str
    probe: str
    params: Mapping[str, Any] = field(default_factory=dict)
    data: Path | None = None
    """A hold-out file, or `nano:500` for so many questions of nano's world; None for the probe's own samples."""
    where: str | None = None
    reference: str | None = None
    """Who judges beside the probe's rules, where that is another one than the experiment's."""
    sampling: Mapping[str, Any] = field(default_factory=dict)
    """Fields of Sampling that are not the experiment's."""
    limit: int | None = None
    """At most so many samples, which are then the probe's whole."""
    made: Probe | None = None
    """The probe itself, where Python gave it; `probe` is then what it would be called."""


class Named(Protocol):
    """A metric as somebody named it."""

    @property
    def probe(self) -> str: ...
    @property
    def metric(self) -> str: ...
    @property
    def where(self) -> str | None: ...


class Rule(Named, Protocol):
    """A gate as somebody wrote it: in the units of its metric once that is known."""

    def gate(self, metric: Metric) -> Gate: ...


@dataclass(frozen=True, slots=True)
class WatchUse:
    """What looks at a model while it is trained."""

    probes: tuple[ProbeUse, ...]
    """Each with a file of dev samples."""
    every: int
    sampling: Sampling
    stop_if: tuple[Rule, ...] = ()
    keep_best: Named | None = None
    where: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Which training of a series a candidate is, before its rows are chosen."""

    series: str
    kind: str
    """`sizes`, `picks`, `tasks` or `seeds`, as `Member` has them."""
    name: str
    """What its reports call the part: `16`, `clustered`, `dates`, `together`."""
    turn: int
    files: tuple[Path, ...]
    """Whose rows are chosen from, one file after the other."""
    size: int | None = None
    """So many rows; None for all."""
    largest: int | None = None
    """Rows of the largest part: all parts are trained for as many steps as that one takes."""
    pick: str = "random"
    by: str | None = None
    """A key of the rows whose values are kinds of rows."""
    margin: float | None = None
    """As a share."""
    tasks: int = 1
    """Of how many files this part has the rows."""
    rows: int = 0
    """How many were chosen; 0 before that."""
    record: Mapping[str, Any] = field(default_factory=dict)
    """Which ones, as the candidate's record has it."""


@dataclass(frozen=True, slots=True)
class ModelUse:
    """A candidate: a model ref or the recipe to train one by, and what is changed in it without training."""

    ref: str | None = None
    trainer: str | None = None
    recipe: Mapping[str, Any] = field(default_factory=dict)
    data: Path | None = None
    where: str | None = None
    trained_on: Path | None = None
    """The training rows of a model made elsewhere."""
    watch: WatchUse | None = None
    """What looks at it while it is trained."""
    part: Part | None = None
    """Of a series; its rows are in `data` once they are chosen."""
    changes: tuple[Change, ...] = ()
    """Alternatives on top of it, the lowest first."""
    trained_as: str | None = None
    """The candidate that its training is, where that is another one."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """Everything that decides the result. `base` is None where one model is only measured."""

    probes: tuple[ProbeUse, ...] = ()
    base: str | None = None
    baseline: str | None = None
    """`baseline`, or `baseline:FILE`: accepted scores that stand for the base's, which is not asked then."""
    candidates: Mapping[str, ModelUse] = field(default_factory=dict)
    gates: tuple[Rule, ...] = ()
    sampling: Sampling = field(default_factory=Sampling)
    repeats: int = 1
    limit: int | None = None
    store: Path = DEFAULT_STORE
    on_inconclusive: str = "fail"
    """`fail`, or `warn`: too little evidence does not block."""
    unguarded: str = "warn"
    """`warn`, or `fail`: a probe that fell and that no gate is on blocks."""
    sequential: bool = False
    """Ask in random order and stop each probe when its gates are decided."""
    allow: tuple[str, ...] = ()
    """In what runs that are compared may differ beside the model."""
    allow_subset: bool = False
    """Judge although `limit` leaves samples out."""
    allow_same: bool = False
    """Judge although base and candidate are one model."""
    of: int = 0
    """How many candidates were tried, where others than these were tried elsewhere."""
    measured_by: str = ""
    """Which commit's hold-outs and gates judge, and what of them is otherwise here."""
    allow_code: bool = False
    """Load scorers that are Python functions in files; no config can say that."""
    suite: str | None = None
    """What baselines of this suite are called."""
    reference: str | None = None
    """Who judges beside the probes' rules: `base`, `none` or a ref; None is the base where it can."""
    folder: Path = Path()
    """Where the config lies; baselines are beside it, in evals/baseline."""
    servers: Servers = field(default_factory=Servers)
    cluster: Cluster | None = None
    """Whose workers answer for local models; None for this process."""

    @property
    def trains(self) -> bool:
        """Whether a candidate is one that is trained here."""
        return any(use.trainer is not None for use in self.candidates.values())

    @property
    def searched(self) -> list[str]:
        """Names of candidates whose prompt is searched."""
        return [n for n, use in self.candidates.items() if any(change.name == SEARCH for change in use.changes)]

    @property
    def members(self) -> dict[str, Member]:
        """Name -> which training of its series a candidate is."""
        found = {}
        for name, use in self.candidates.items():
            if (part := use.part) is not None:
                steps = use.recipe.get("max_steps")
                found[name] = Member(
                    part.series, part.kind, part.name, part.turn, part.rows, None if steps is None else int(steps),
                    part.margin,
                )  # fmt: skip
        return found
