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

    Greedy answers that earlier runs of the store hold are reused by content; sampled ones (temperature above 0) within
    their own run only, since two runs are two draws. Answers and judgements in error leave the run incomplete: look at
    `complete` and `warnings` of what comes back. `command` is what the user typed, for the manifest and the way back;
    `go_on` is the way back where --resume is none. `referees` are the models that judge beside the probes' rules.

    Raises UserError when nothing could be started (a changed plan on resume, an unwritable store), Incomplete when the
    store or the engine fails on the way, Interrupted after SIGINT or SIGTERM. What was acknowledged is kept.
    """
    with session(
        suite, engine, sampling, store,
        repeats=repeats, resume=resume, reuse=reuse, on_progress=on_progress, command=command, go_on=go_on,
        referees=referees,
    ) as opened:  # fmt: skip
        opened.ask()
        return opened.finish()
