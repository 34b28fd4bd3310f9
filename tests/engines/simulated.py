"""Servers and clients in simulated time: what a controller of requests is judged by.

A server is a function of a request's number, its attempt and how many are in flight: seconds, and what becomes of it.
Chance follows from number and attempt, so that all clients meet the same.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from fteval.engines.remote.window import Window

LATENCY, REFUSED_IN, RETRY_AFTER = 0.2, 0.002, 1.0


class Loop(asyncio.SelectorEventLoop):
    """Nobody sleeps: when nothing is ready, the time is that of the next timer."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:
            self.now = max(self.now, self._scheduled[0]._when)
        super()._run_once()


def run(work):
    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(work)


@dataclass
class Server:
    """Answers, and counts."""

    act: Callable[[int, int, float, int], tuple[float, str]]
    """(number, attempt, now, in flight) -> seconds, and "answer", "refuse" or "refuse by chance"."""
    seen: Counter = field(default_factory=Counter)
    in_flight: int = 0
    peak: int = 0
    answered: Counter = field(default_factory=Counter)
    headers: Callable[[float], dict[str, str]] = lambda now: {}
    """What it says of limits at a time."""

    async def ask(self, number: int, attempt: int) -> tuple[str, dict[str, str]]:
        """What became of it, and what was said of limits when it was taken."""
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        now = asyncio.get_running_loop().time()
        seconds, what = self.act(number, attempt, now, self.in_flight)
        headers = self.headers(now)
        self.seen[what] += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            self.in_flight -= 1
        self.answered[number] += what == "answer"
        return what, headers


def luck(seed: int, *of: int) -> float:
    """A number below 1 that follows from these."""
    return int.from_bytes(hashlib.blake2b(repr((seed, *of)).encode(), digest_size=6).digest()) / 2**48


def refusing(share: float, seed: int = 0, within: float = REFUSED_IN, latency: float = LATENCY) -> Server:
    """Refuses by chance."""

    def act(number, attempt, now, in_flight):
        if luck(seed, number, attempt) < share:
            return within, "refuse by chance"
        return latency * (0.9 + 0.2 * luck(seed, number, 1000)), "answer"

    return Server(act)


class Bucket:
    """Tokens that come back at a rate."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst, self.level, self.at = rate, burst, burst, 0.0

    def takes(self, cost: float, now: float) -> bool:
        self.level = min(self.burst, self.level + (now - self.at) * self.rate)
        self.at = now
        if self.level < cost:
            return False
        self.level -= cost
        return True


def limited(
    rate: float,
    burst: float,
    seed: int = 0,
    cost=lambda number: 1.0,
    share: float = 0.0,
    within: float = REFUSED_IN,
    latency: float = LATENCY,
    told: bool = False,
) -> Server:
    """Refuses what exceeds a rate, and some by chance."""
    bucket = Bucket(rate, burst)

    def act(number, attempt, now, in_flight):
        if luck(seed, number, attempt) < share:
            return within, "refuse by chance"
        if not bucket.takes(cost(number), now):
            return within, "refuse"
        return latency * (0.9 + 0.2 * luck(seed, number, 1000)), "answer"

    def headers(now: float) -> dict[str, str]:
        bucket.takes(0, now)
        kind = "tokens" if rate > 1000 else "requests"
        return {
            f"x-ratelimit-limit-{kind}": str(int(burst)),
            f"x-ratelimit-remaining-{kind}": str(int(bucket.level)),
            f"x-ratelimit-reset-{kind}": f"{1000 * (burst - bucket.level) / rate:.0f}ms",
        }

    return Server(act, headers=headers if told else lambda now: {})


def slowing(beyond: int = 64, power: float = 1.0, latency: float = LATENCY) -> Server:
    """The more beyond so many in flight, the slower."""
    return Server(lambda number, attempt, now, n: (latency * max(1.0, n / beyond) ** power, "answer"))


def capped(at: int, latency: float = 0.05) -> Server:
    """Refuses what exceeds so many in flight."""
    return Server(lambda number, attempt, now, n: (REFUSED_IN, "refuse") if n > at else (latency, "answer"))


def stalling(share: float, seed: int = 0, timeout: float = 2.0) -> Server:
    """Never answers some attempts: they are given up after `timeout`."""

    def act(number, attempt, now, in_flight):
        return (timeout, "stall") if luck(seed, number, attempt) < share else (LATENCY, "answer")

    return Server(act)


def closed(seconds: float, latency: float = LATENCY) -> Server:
    """Refuses everything for so long."""
    return Server(lambda number, attempt, now, n: (REFUSED_IN, "refuse") if now < seconds else (latency, "answer"))


async def ours(server: Server, n: int, limit: int = 512, window: Window | None = None) -> float:
    """Seconds that n requests take through the window."""
    window, loop = window or Window(limit), asyncio.get_running_loop()

    async def one(number: int) -> None:
        attempt = 0
        while True:
            ticket = await window.enter(first=attempt > 0)
            what, headers = await server.ask(number, attempt)
            window.heard(ticket, headers, 60 if what == "answer" else None)
            window.leave(ticket, refused=what.startswith("refuse"), lost=what == "stall", asked=RETRY_AFTER)
            if what == "answer":
                return
            attempt += 1
            await asyncio.sleep(RETRY_AFTER * (1 + 0.1 * luck(7, number, attempt)))

    await asyncio.gather(*(one(number) for number in range(n)))
    return loop.time()


async def fixed(server: Server, n: int, at_once: int) -> float:
    """Seconds that n requests take with so many in flight, always."""
    places = asyncio.Semaphore(at_once)

    async def one(number: int) -> None:
        attempt = 0
        while True:
            async with places:
                what, _ = await server.ask(number, attempt)
            if what == "answer":
                return
            attempt += 1
            await asyncio.sleep(RETRY_AFTER * (1 + 0.1 * luck(7, number, attempt)))

    await asyncio.gather(*(one(number) for number in range(n)))
    return asyncio.get_running_loop().time()
