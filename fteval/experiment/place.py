"""Where the work happens, and who hears how it goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fteval.experiment.asked import Asked
from fteval.experiment.experiment import DEFAULT_STORE, Experiment
from fteval.records import Model

if TYPE_CHECKING:
    from fteval.engines.pool import Pool
    from fteval.runs.asking.attempt import Progress
    from fteval.runs.journal.store import Store


class Listener:
    """Hears how the work goes. This one is silent; the command line draws bars."""

    def note(self, text: str) -> None:
        """One thing that a reader should know."""

    def progress(self, label: str, done: int, total: int, detail: str = "") -> None:
        """`done` of `total` acknowledged."""

    def waiting(self) -> None:
        """A server was greeted and has not answered yet: the time to load what will be needed later."""

    def busy(self, label: str) -> AbstractContextManager[None]:
        """Work that says nothing until it is done."""
        return nullcontext()


@dataclass(frozen=True, slots=True)
class Place:
    """Where the work happens. Nothing here changes an answer but `dtype`, which is part of a run's identity."""

    store: Path = DEFAULT_STORE
    device: str = "auto"
    dtype: str = "auto"
    batch_tokens: int | None = None
    offline: bool = False
    launch: str | None = None
    """`accelerate:FILE`: candidates are trained in several processes, which their records say."""
    vllm: str | None = None
    """A server that draws the answers of trainings on rewards."""
    resume: str | None = None
    command: str | None = None
    """What the user typed, for messages that say how to go on."""
    listener: Listener = field(default_factory=Listener)
    given: Mapping[str, Model] = field(default_factory=dict)
    """Ref -> a model that this process has already."""


def placed(asked: Asked, experiment: Experiment, listener: Listener, command: str | None = None) -> Place:
    """Where the settings say that the work happens; the store is the config's where none was named."""
    return Place(
        store=asked.store or experiment.store,
        device=asked.device,
        dtype=asked.dtype,
        batch_tokens=asked.batch_tokens,
        offline=asked.offline,
        launch=asked.launch,
        vllm=asked.vllm,
        resume=asked.resume,
        command=command,
        listener=listener,
    )


def heard(label: str, place: Place) -> Callable[[Progress], None]:
    """What tells the listener how far a model is measured."""

    def tell(progress: Progress) -> None:
        rate = f"{progress.tokens / progress.seconds:,.0f} tokens/s" if progress.tokens and progress.seconds else ""
        errors = f"{progress.errors} errors" if progress.errors else ""
        detail = "  ".join(filter(None, (rate, errors)))
        place.listener.progress(f"measuring {label}", progress.done, progress.total, detail)

    return tell


@contextmanager
def opened_pool(store: Store | None, place: Place, experiment: Experiment | None = None) -> Iterator[Pool]:
    from fteval.engines.pool import Pool

    with Pool(
        store.candidates_dir if store else None,
        device=place.device,
        dtype=place.dtype,
        batch_tokens=place.batch_tokens,
        offline=place.offline,
        servers=experiment.servers if experiment else None,
        cluster=experiment.cluster if experiment else None,
        given=place.given,
    ) as pool:
        yield pool
