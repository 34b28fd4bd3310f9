"""What makes candidates: the shape of a trainer's module, and what a training says on its way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
class Site:
    """Where a candidate is made, and who hears how it goes. Device and watching alone may decide the weights."""

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
    """Hears, in words, what was seen and what it decided."""


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
