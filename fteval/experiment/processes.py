"""Work on many items, item by item in order, shared among processes where it takes long.

Processes are forked after the work has begun, so that they have what it has loaded; where forking is not safe (another
system than Linux, other threads, torch in this process) or there is one core, everything is done here.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

PATIENCE = 1.0
"""Seconds of work before processes are started: what is done by then never pays for them."""
CHUNK = 64
"""Items that are handed over together."""
AHEAD = 3
"""Chunks per process that are under way: memory stays flat however many items there are."""

_work: Callable[[Any], Any]


def ordered(work: Callable[[T], R], items: Iterable[T], patience: float = PATIENCE) -> Iterator[R]:
    """`work(item)` of each, in the order of the items; an exception of `work` comes after the results before it.

    Items and results must be picklable, `work` need not be. It may run twice for an item where it raises.
    """
    rest, began = iter(items), time.monotonic()
    for item in rest:
        yield work(item)
        if time.monotonic() - began >= patience:
            break
    n = len(os.sched_getaffinity(0)) if _can_fork() else 1
    yield from shared(work, rest, n) if n > 1 else map(work, rest)


def _can_fork() -> bool:
    return sys.platform == "linux" and threading.active_count() == 1 and "torch" not in sys.modules


@dataclass(frozen=True, slots=True)
class _Chunk:
    items: list[Any]
    error: Exception | None = None
    """What the source of the items raised after these."""
    future: Future[list[Any] | None] | None = None

    def results(self, work: Callable[[Any], R]) -> Iterator[R]:
        try:
            done = self.future.result() if self.future is not None else None
        except BrokenExecutor:  # a process was killed, perhaps for its memory
            done = None
        # Where an item raised, it raises again here, as itself and at its place.
        yield from map(work, self.items) if done is None else done
        if self.error is not None:
            raise self.error


def shared(work: Callable[[T], R], items: Iterator[T], n: int) -> Iterator[R]:
    """The same by `n` forked processes, from the first item on."""
    context = multiprocessing.get_context("fork")
    pool = ProcessPoolExecutor(n, context, initializer=_begin, initargs=(work, os.getpid()))
    under_way: deque[_Chunk] = deque()
    try:
        for chunk in _chunks(items):
            with contextlib.suppress(BrokenExecutor):
                chunk = replace(chunk, future=pool.submit(_done, chunk.items))
            under_way.append(chunk)
            if len(under_way) == AHEAD * n:
                yield from under_way.popleft().results(work)
        for chunk in under_way:
            yield from chunk.results(work)
    finally:
        pool.shutdown(cancel_futures=True)


def _chunks(items: Iterator[T]) -> Iterator[_Chunk]:
    chunk: list[T] = []
    try:
        for item in items:
            chunk.append(item)
            if len(chunk) == CHUNK:
                yield _Chunk(chunk)
                chunk = []
    except Exception as error:  # whatever it is: what came before it is worth its results
        yield _Chunk(chunk, error)
    else:
        yield _Chunk(chunk)


def _begin(work: Callable[[Any], Any], parent: int) -> None:
    global _work
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it, and ends the pool
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: int) -> None:
    """Ends this process after its parent was killed: nobody would ever tell it."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _done(chunk: list[Any]) -> list[Any] | None:
    try:
        return [_work(item) for item in chunk]
    except Exception:  # it may not be picklable; the parent meets it again
        return None
