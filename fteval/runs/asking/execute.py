"""A suite through an engine into a run: plan, reuse, ask, score. Interrupted anywhere, it goes on where it stopped."""

from __future__ import annotations

from fteval.records import Engine, RunRecord, Sampling
from fteval.runs.asking.session import session
from fteval.runs.asking.suite import Suite
from fteval.runs.asking.terms import Terms
from fteval.runs.journal.store import Store


def execute(suite: Suite, engine: Engine, sampling: Sampling, store: Store, terms: Terms | None = None) -> RunRecord:
    """A new run, or the one that the terms say is to be continued.

    Raises UserError, Incomplete after a failure, Interrupted; what was acknowledged is kept.
    """
    with session(suite, engine, sampling, store, terms or Terms()) as opened:
        opened.ask()
        return opened.finish()
