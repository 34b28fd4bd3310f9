"""How many requests are in flight: starts small, grows as long as the server answers faster for it, shrinks where it
says no.

The unit of learning is a round: as many outcomes as requests fit in flight, all of them sent since the last step; its
throughput is answers over time. Four times the requests that bring less than 1.4 times the throughput only wait in the
server's queue, and would run into the timeout there.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

START = 8
STEP = 4
WORTH = 1.4
"""More throughput than this makes a larger window worth it."""
REST = 12
"""Rounds before a window that was found right is questioned again."""
MANY = 0.1
"""A share of refusals up to this may be chance; above it the server means it."""


@dataclass(slots=True)
class _Round:
    count: int = 0
    refused: int = 0
    began: float | None = None

    def rate(self, now: float) -> float:
        """Answers a second that the server gave in this round."""
        seconds = now - self.began if self.began is not None else 0.0
        return (self.count - self.refused) / seconds if seconds > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Ticket:
    """A place in flight, and in which round it was taken."""

    round: int


class Window:
    """Places for requests in flight; for one event loop."""

    def __init__(self, limit: int, start: int = START) -> None:
        self.limit = limit
        self.size = float(min(start, limit))
        self.largest = int(self.size)
        self._active = self._guests = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._number, self._round = 0, _Round()
        self._growing = True
        self._refused = False  # the server has said how much it bears: from then on by one a round, as TCP does
        self._rested = 0
        self._before: tuple[float, float] | None = None  # size and rate of the round before

    async def enter(self, *, first: bool = False) -> Ticket:
        """Waits for a place, in the order of asking; `first` for what was sent already and has to be sent again."""
        loop = asyncio.get_running_loop()
        if self._waiting or self._free() <= 0:
            waiter: asyncio.Future[None] = loop.create_future()
            (self._waiting.appendleft if first else self._waiting.append)(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                if waiter.done() and not waiter.cancelled():
                    self._active -= 1  # the place was given to somebody who is gone
                    self._wake()
                raise
        else:
            self._active += 1
        if self._round.began is None:
            self._round.began = loop.time()
        return Ticket(self._number)

    def leave(self, ticket: Ticket, *, refused: bool = False) -> None:
        """Gives the place back; `refused` where the server said that it has too much to do, or did not answer."""
        self._active -= 1
        if ticket.round == self._number:
            self._round.count += 1
            self._round.refused += refused
            if self._round.count >= max(START // 2, int(self.size)):
                self._learn(self._round)
        self._wake()

    @contextlib.asynccontextmanager
    async def beside(self) -> AsyncIterator[None]:
        """A place for a small question, beyond the window's size but within its limit."""
        while self._active + self._guests >= self.limit:
            await asyncio.sleep(0.005)
        self._guests += 1
        try:
            yield
        finally:
            self._guests -= 1
            self._wake()

    def _free(self) -> int:
        return min(int(self.size) - self._active, self.limit - self._active - self._guests)

    def _learn(self, done: _Round) -> None:
        share = done.refused / done.count
        if share:
            # The more of them, the smaller: a single refusal in a hundred must not halve anything (after DCTCP).
            self._resize(self.size * (1 - share / 2))
        if share > MANY or self._refused:
            self._refused = True
            if not share:
                self._resize(self.size + max(1.0, self.size / 16))
        elif self._growing:
            self._grow(done.rate(asyncio.get_running_loop().time()))
        else:
            self._rested += 1
            if self._rested >= REST:
                self._growing, self._before = True, None
        self._number += 1
        self._round = _Round()

    def _grow(self, rate: float) -> None:
        if self._before is not None and rate < WORTH * self._before[1]:
            # As large as throughput has shown to follow, and no larger.
            self._resize(self._before[0] * max(1.0, rate / self._before[1]))
            self._growing, self._before, self._rested = False, None, 0
        else:
            self._before = (self.size, rate)
            self._resize(self.size * STEP)
            self._growing = int(self.size) < self.limit

    def _resize(self, size: float) -> None:
        self.size = min(float(self.limit), max(1.0, size))
        self.largest = max(self.largest, int(self.size))

    def _wake(self) -> None:
        """Gives free places to those who wait longest: handed over here, so that nobody can slip in between."""
        while self._waiting and self._free() > 0:
            waiter = self._waiting.popleft()
            if not waiter.done():
                self._active += 1
                waiter.set_result(None)
