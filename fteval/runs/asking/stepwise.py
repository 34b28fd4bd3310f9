"""Several runs in step, in one random order of the samples, until what has come in is enough.

Base and candidates are asked the same samples round by round; after each round somebody else says which probes need no
more. What a run holds is a beginning of the order that its seed fixes, so that it can be judged again later.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from fteval.records import Engine, RunRecord, Sampling
from fteval.runs.asking.attempt import Progress
from fteval.runs.asking.interrupt import Signals
from fteval.runs.asking.session import Session, order_of, session
from fteval.runs.asking.suite import Suite
from fteval.runs.asking.terms import Terms
from fteval.runs.journal.store import Store

FIRST = 32
"""Samples of a probe in the first round; a batch, because a model answers several at once."""
GROWTH = 8
"""Later rounds ask another eighth of what was asked: looks stay few where samples are many."""
Enough = Callable[[Sequence[RunRecord]], Sequence[frozenset[str]]]
"""From the runs so far, in their order, to the probes of which each needs no more samples."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the models that answer in step."""

    engine: Engine
    resume: str | None = None
    on_progress: Callable[[Progress], None] | None = None


def execute_in_step(
    suite: Suite,
    sides: Sequence[Side],
    sampling: Sampling,
    store: Store,
    enough: Enough,
    terms: Terms,
) -> list[RunRecord]:
    """The runs of all sides, each probe asked until `enough` or to its end. Raises what `execute` raises.

    `terms.sequential` is the seed of the order.
    """
    seed = terms.sequential or 0
    with contextlib.ExitStack() as stack:
        go_on = terms.command or "fteval run"
        signals = stack.enter_context(Signals(f"stopping: what is done is being saved. To go on: {go_on}"))
        opened = [
            stack.enter_context(
                session(
                    suite,
                    side.engine,
                    sampling,
                    store,
                    replace(terms, sequential=seed, resume=side.resume, on_progress=side.on_progress),
                    signals,
                )
            )
            for side in sides
        ]
        _ask_until(suite, opened, enough, seed)
        return [one.finish() for one in opened]


def _ask_until(suite: Suite, opened: Sequence[Session], enough: Enough, seed: int) -> None:
    orders = order_of(suite, seed)
    place = {probe.name: i for i, probe in enumerate(suite.probes)}
    n_asked = dict.fromkeys(place, 0)  # groups
    waiting = [set(place) for _ in opened]
    for one in opened:
        one.asked.update(dict.fromkeys(place, 0))
    while any(waiting):
        rounds = {name: _next(n_asked[name], len(orders[name][1])) for name in set().union(*waiting)}
        for one, mine in zip(opened, waiting, strict=True):
            keys: list[str] = []
            for name in mine:
                groups = orders[name][1][n_asked[name] : rounds[name]]
                one.asked[name] += sum(map(len, groups))
                keys += [key for group in groups for i in group for key in one.work.keys[place[name]][i]]
            one.ask(keys)
        n_asked.update(rounds)
        at_end = {name for name, n in n_asked.items() if n == len(orders[name][1])}
        for one in opened:
            for name in at_end:
                if one.asked.get(name) == orders[name][0].planned:
                    del one.asked[name]
        needed_no_more = enough([one.judged() for one in opened])
        for mine, done in zip(waiting, needed_no_more, strict=True):
            mine -= done | at_end


def _next(asked: int, n: int) -> int:
    return min(n, asked + max(FIRST, asked // GROWTH))
