"""A suite through an engine into a run: plan, reuse, ask, score. Interrupted anywhere, it goes on where it stopped."""

from __future__ import annotations

from collections.abc import Callable

from fteval.records import Engine, RunRecord, Sampling
from fteval.runs.asking.attempt import Progress
from fteval.runs.asking.referees import Referees
from fteval.runs.asking.session import session
from fteval.runs.asking.suite import Suite
from fteval.runs.journal.store import Store

__all__ = ["Progress", "execute"]


def execute(
    suite: Suite,
    engine: Engine,
    sampling: Sampling,
    store: Store,
    *,
    repeats: int = 1,
    resume: str | None = None,
    reuse: bool = True,
    on_progress: Callable[[Progress], None] | None = None,
    command: str | None = None,
    go_on: str | None = None,
    referees: Referees | None = None,
) -> RunRecord:
    """A new run, or with `resume` (an id, its beginning, or `latest` incomplete) the same one continued.

    Greedy answers of earlier runs are reused, sampled ones within their run only: two runs are two draws. `command` is
    what the user typed, `go_on` the way back without --resume.

    Raises UserError, Incomplete after a failure, Interrupted; what was acknowledged is kept.
    """
    with session(
        suite, engine, sampling, store,
        repeats=repeats, resume=resume, reuse=reuse, on_progress=on_progress, command=command, go_on=go_on,
        referees=referees,
    ) as opened:  # fmt: skip
        opened.ask()
        return opened.finish()
