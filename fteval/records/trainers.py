"""What makes candidates: the shape of a trainer's module, and what a training says on its way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from fteval.records.generations import Candidate
from fteval.records.watching import Watching


@dataclass(frozen=True, slots=True)
class TrainProgress:
    """One optimizer step done."""

    step: int
    """0 before the first one."""
    total: int
    loss: float | None = None
    """Mean over the step's trained tokens, in nats."""
    seconds_left: float | None = None
    """None until two steps were timed: the first one is slower than the others."""
    reward: float | None = None
    """Mean over the step's answers that were judged; None for a method without rewards."""


@dataclass(frozen=True, slots=True)
class Ranks:
    """Several processes that make one candidate together, as the process that starts them sees them."""

    processes: int
    device: str
    """`cpu` or `cuda`: what each of them trains on."""
    recorded: Mapping[str, Any]
    """What of them decides the weights."""
    train: Callable[[Path, Mapping[str, Any]], Mapping[str, Any]]
    """Leaves in a folder what came out, made in this environment; gives what rank 0 tells.

    Raises Incomplete when one of them ends early.
    """


@dataclass(frozen=True, slots=True)
class Rank:
    """One of these processes, as it sees itself."""

    number: int
    """0 writes and tells; the others work along."""
    place: Path
    """What comes out is left here, and registered by who started it."""
    environment: Mapping[str, Any]
    """As it will be recorded."""
    tell: Callable[[Mapping[str, Any]], None]
    """Hears the `counts` of rows, the `course` of the training, and the digest of its `inputs`."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where a candidate is made, and who hears how it goes. Device, ranks and watching alone may decide the weights."""

    candidates_dir: Path
    """Candidates are registered here, and those that a ref may name lie here."""
    device: str = "auto"
    offline: bool = False
    on_preflight: Callable[[object], None] | None = None
    """Hears what will be learnt, for which `str` is how it is shown."""
    on_progress: Callable[[TrainProgress], None] | None = None
    watching: Watching | None = None
    """What looks at the model on its way. Its rules may decide which step's weights are kept."""
    on_look: Callable[[str], None] | None = None
    """Hears, in words, what was seen and what it decided, and what becomes of checkpoints."""
    vllm: str | None = None
    """URL of the server that draws the answers of a training on rewards."""
    ranks: Ranks | None = None
    """Where it is made by several processes."""
    rank: Rank | None = None
    """Where this process is one of them."""
    part: Mapping[str, Any] = field(default_factory=dict)
    """Of which file the rows are which ones, for the record alone: what decides the weights is the rows' own digest."""
    keep_every: float = 30.0
    """Seconds between two checkpoints of a training, at least; more where writing one takes long. 0: each step."""


@runtime_checkable
class Trainer(Protocol):
    """A module that makes candidates: a file of `fteval/trainers/`, or what an entry point of `fteval.trainers` names.

    `Recipe` is a frozen dataclass of everything that decides the weights beside base and data; its fields are what
    fteval.yaml may set. The same record gives the same candidate, which is made once.
    """

    @property
    def Recipe(self) -> type[Any]: ...

    def train(self, base: str, recipe: Any, data: Path, site: Site, *, name: str = ...) -> Candidate:
        """The candidate that `recipe` makes of `base` and the rows in `data`, registered at the site under `name`."""


@runtime_checkable
class CancellableTrainer(Protocol):
    """A trainer whose work goes on elsewhere when the process ends, so that ending it is a request of its own."""

    def cancel(self, base: str, recipe: Any, data: Path, site: Site) -> str:
        """The id of the job that `train` would follow, and that is cancelled now. Raises UserError for none."""
