"""The terms under which a suite is asked: all that a run can be told beside suite, engine, sampling and store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fteval.records import IDENTITY, RUNTIME, Engine
from fteval.runs.asking.attempt import Progress
from fteval.runs.asking.kept import Origin, Planned
from fteval.runs.asking.referees import Referees


@dataclass(frozen=True, slots=True)
class Terms:
    """How often, in which order, read by whom: identity. How it is gone about, and who hears of it: runtime."""

    repeats: int = field(default=1, metadata=IDENTITY)
    sequential: int | None = field(default=None, metadata=IDENTITY)
    """Seed of the random order in which the samples will be asked."""
    referees: Referees | None = field(default=None, metadata=IDENTITY)
    base: Engine | None = field(default=None, metadata=IDENTITY)
    """Against which answers are held, where a probe asks for that."""
    resume: str | None = field(default=None, metadata=RUNTIME)
    """A run to go on with: an id, its beginning, or `latest` incomplete."""
    planned: Planned | None = field(default=None, metadata=RUNTIME)
    """The plan of that run, where it was kept."""
    origin: Origin | None = field(default=None, metadata=RUNTIME)
    """Of what the suite was made: by it a kept plan is known again."""
    reuse: bool = field(default=True, metadata=RUNTIME)
    """Greedy answers of earlier runs; sampled ones within their run only, because two runs are two draws."""
    asks: bool = field(default=True, metadata=RUNTIME)
    """Not where answers are handed over: nobody is contacted then."""
    noted: Mapping[str, Any] = field(default_factory=dict, metadata=RUNTIME)
    """What a new run's manifest says beside its plan: of which whole it is a shard, or that it was merged."""
    on_progress: Callable[[Progress], None] | None = field(default=None, metadata=RUNTIME)
    command: str | None = field(default=None, metadata=RUNTIME)
    """What the user typed."""
    go_on: str | None = field(default=None, metadata=RUNTIME)
    """The command that continues an interrupted run, where --resume does not."""
