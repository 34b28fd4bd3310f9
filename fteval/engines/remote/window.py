"""How many requests are in flight: starts small, grows as long as the server answers faster for it. Refusals do not
shrink it (`pace` and `allowance` meet them); answers that never come do.

The unit of learning is a round: three outcomes for each four places in flight, all of them sent since the last step;
its throughput is answers over time. Four times the requests that bring less than twice the throughput only wait in the
server's queue, and would run into the timeout there. New places are given out over the time that a round takes,
so that a limit is met by a few requests and not by all of them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from fteval.engines.remote.allowance import Allowance
from fteval.engines.remote.pace import Pace

START = 16
STEP, AGAIN = (4.0, 2.0), (2.0, 1.4)
"""How many times larger a window is tried, at first and where that was too much or is questioned; and how many times
the throughput that is worth it."""
ROUND = 0.75
"""Share of its places whose outcomes make a round: the others were taken up again just before the last step."""
REST = 12
"""Rounds before a window that was found right is questioned again; twice as many each time."""
TICK = 0.004
"""Seconds of new places that are given out at once: a client that is late itself hears late that it is refused."""
MANY = 0.1
"""A share of lost requests up to this may be chance; above it the server has too many."""


@dataclass(slots=True)
class _Round:
    count: int = 0
    lost: int = 0
    seconds: float = 0.0
    held: bool = False
    began: float | None = None

    def rate(self, now: float) -> float:
        """Answers a second that the server gave in this round."""
        seconds = now - self.began if self.began is not None else 0.0
        return (self.count - self.lost) / seconds if seconds > 0 else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Ticket:
    """A place in flight: at which window, since when, and how window, pace and allowance know it."""

    window: Window
    round: int
    sent: float
    mark: tuple[int, int]
    number: int


class Queue:
    """Who waits for a place, in the order of asking; in front of one window, or of several that share the work. The
    first place that comes free anywhere is taken, so that each server gets as much as it answers."""

    def __init__(self) -> None:
        self.windows: list[Window] = []
        self._waiting: deque[asyncio.Future[Ticket]] = deque()
        self._again: deque[asyncio.Future[Ticket]] = deque()  # sent already: before all others

    async def enter(self, *, first: bool = False) -> Ticket:
        """Waits for a place; `first` for what was sent already and has to be sent again."""
        waiter: asyncio.Future[Ticket] = asyncio.get_running_loop().create_future()
        (self._again if first else self._waiting).append(waiter)
        self.wake()
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                waiter.result().window.give_back()  # the place was given to somebody who is gone
            raise

    def wake(self) -> None:
        """Hands free places out, first where the fewest are taken."""
        for window in sorted(self.windows, key=lambda one: one.load):
            window.wake()

    def next(self) -> asyncio.Future[Ticket] | None:
        """Who is to have the next place."""
        while queue := self._again or self._waiting:
            if not queue[0].done():
                return queue[0]
            queue.popleft()
        return None

    def take(self) -> asyncio.Future[Ticket]:
        """Who was `next`, and waits no more."""
        return (self._again or self._waiting).popleft()


class Window:
    """Places for requests in flight at one server; for one event loop."""

    def __init__(self, limit: int, start: int = START, queue: Queue | None = None) -> None:
        self.limit, self.queue = limit, queue or Queue()
        self.queue.windows.append(self)
        self.open = True
        """Whether places are handed out; see `wake` once it is again."""
        self.size = float(min(start, limit))
        self.largest = int(self.size)
        self.pace, self.allowance = Pace(), Allowance()
        self._active = self._guests = 0
        self._timer: asyncio.TimerHandle | None = None
        self._number, self._round = 0, _Round()
        self._growing, self._step = True, STEP
        self._full = False  # requests were lost: from then on by one a round, as TCP does
        self._rested, self._rest = 0, REST
        self._before: tuple[float, float] | None = None  # size and rate of the round before
        self._ramp: tuple[float, float, float] | None = None  # places, when they were so many, and more in a second

    @property
    def load(self) -> float:
        """Share of its places that is taken."""
        return self._active / self.size

    async def enter(self, *, first: bool = False) -> Ticket:
        """Waits for a place; where other windows share the queue, perhaps for one of theirs."""
        return await self.queue.enter(first=first)

    def give_back(self) -> None:
        """Takes a place back that was not used."""
        self._active -= 1
        self.wake()

    def leave(self, ticket: Ticket, *, refused: bool = False, lost: bool = False, asked: float | None = None) -> None:
        """Gives the place back; `refused` where the server has too much to do (and asks to wait so many seconds),
        `lost` where it did not answer."""
        now = asyncio.get_running_loop().time()
        self._active -= 1
        if refused:
            self.pace.refused(ticket.mark, ticket.sent, now, asked)
        elif not lost:
            self.pace.accepted(ticket.mark)
        if lost or (ticket.round == self._number and not refused):  # who is lost comes late
            self._round.count += 1
            self._round.lost += lost
            self._round.seconds += now - ticket.sent
            if self._round.count >= max(START // 4, int(ROUND * self.size)):
                self._learn(self._round, now)
        self.wake()

    def heard(self, ticket: Ticket, headers: Mapping[str, str], tokens: int | None = None) -> None:
        """Takes what the headers of a reply say of limits; before `leave`."""
        self.allowance.heard(ticket.number, ticket.sent, asyncio.get_running_loop().time(), headers, tokens)

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
            self.wake()

    def _places(self, now: float) -> float:
        if self._ramp is None:
            return self.size
        places, at, rate = self._ramp
        places += rate * min(TICK, now - at)
        self._ramp = (places, now, rate) if places < self.size else None
        return min(places, self.size)

    def _learn(self, done: _Round, now: float) -> None:
        share, before = done.lost / done.count, self.size
        if share:
            # The more of them, the smaller: a single one in a hundred must not halve anything (after DCTCP).
            self._resize(self.size * (1 - share / 2))
        if share > MANY or self._full:
            self._full = True
            if not share:
                self._resize(self.size + max(1.0, self.size / 16))
        elif done.held:
            pass  # the pace decided how many were sent
        elif self._growing:
            self._grow(done.rate(now))
        else:
            self._rested += 1
            if self._rested >= self._rest:
                self._growing = True
                self._rest *= 2
        if self.size > before and done.began is not None and now > done.began:
            self._ramp = before, now, (self.size - before) / (done.seconds / done.count / 4)
        self._number += 1
        self._round = _Round()

    def _grow(self, rate: float) -> None:
        times, worth = self._step
        if self._before is not None and rate < worth * self._before[1]:
            # As large as throughput has shown to follow, and no larger.
            self._resize(self._before[0] * max(1.0, rate / self._before[1]))
            self._growing = self._step is STEP and rate > AGAIN[1] * self._before[1]
            self._step, self._before, self._rested = AGAIN, None, 0
        else:
            self._before = (self.size, rate)
            self._resize(self.size * times)
            self._growing = int(self.size) < self.limit

    def _resize(self, size: float) -> None:
        self.size = min(float(self.limit), max(1.0, size))
        self.largest = max(self.largest, int(self.size))

    def wake(self) -> None:
        """Gives free places to those who wait longest: handed over here, so that nobody can slip in between."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self.open and self.queue.next() is not None:
            if self._active >= self.limit - self._guests or self._active >= int(self.size):
                return
            seconds = max(self.pace.wait(now), self.allowance.wait(now))
            self._round.held |= seconds > 0
            if self._active >= int(self._places(now)):
                seconds = max(seconds, 0.002)  # the next place of a step
            if seconds > 1e-6:
                if self._timer is None:
                    self._timer = loop.call_later(seconds, self._ring)
                return
            self._active += 1
            self._round.began = now if self._round.began is None else self._round.began
            mark, number = self.pace.sent(now), self.allowance.sent(now)
            self.queue.take().set_result(Ticket(self, self._number, now, mark, number))

    def _ring(self) -> None:
        self._timer = None
        self.wake()
