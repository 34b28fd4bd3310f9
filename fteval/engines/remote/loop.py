"""An event loop in a thread of its own, for callers that know nothing of it.

In a thread and not in the caller's: a signal must be able to stop the caller anywhere, and never the loop.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")
WAITING = 4096
"""Results that may wait to be fetched; then nothing new is begun, because their taker cannot keep up."""


class Background:
    """Runs coroutines; begins with the first one."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What the coroutine returns or raises. Cancelled when the caller is interrupted."""
        return result(self.begin(work))

    def begin(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Starts a coroutine."""
        return asyncio.run_coroutine_threadsafe(work, self._running())

    def stream(self, items: Callable[[Callable[[], bool]], AsyncIterator[T]]) -> Iterator[list[T]]:
        """The items of an async iterator in lists, all that have come since the last one.

        `items` is given a function that says whether it should wait before it begins anything new. Closing the
        iterator, or an exception in its user, cancels what is under way.
        """
        found: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()

        async def pump() -> None:
            try:
                async for item in items(lambda: found.qsize() > WAITING):
                    found.put(("item", item))
                found.put(("end", None))
            except BaseException as error:
                found.put(("error", error))
                raise

        future = asyncio.run_coroutine_threadsafe(pump(), self._running())
        try:
            while True:
                group, end = self._drained(found)
                if group:
                    yield group
                if end is not None:
                    kind, error = end
                    if kind == "error":
                        raise error
                    return
        finally:
            future.cancel()

    def close(self) -> None:
        """Ends the thread; what still runs is cancelled."""
        loop, self._loop = self._loop, None
        if loop is not None:
            asyncio.run_coroutine_threadsafe(_cancel_all(), loop).result(timeout=10)
            loop.call_soon_threadsafe(loop.stop)

    @staticmethod
    def _drained(found: queue.SimpleQueue[tuple[str, Any]]) -> tuple[list[Any], tuple[str, Any] | None]:
        group: list[Any] = []
        entry = found.get()
        while True:
            if entry[0] != "item":
                return group, entry
            group.append(entry[1])
            try:
                entry = found.get_nowait()
            except queue.Empty:
                return group, None

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            loop = asyncio.new_event_loop()
            threading.Thread(target=_serve, args=(loop,), name="fteval-http", daemon=True).start()
            self._loop = loop
        return self._loop


def result(begun: Future[T]) -> T:
    """What a coroutine that was begun returns or raises. Cancelled when the caller is interrupted."""
    try:
        return begun.result()
    except BaseException:
        begun.cancel()
        raise


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.close()


async def _cancel_all() -> None:
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
