"""The window is driven by simulated servers whose best concurrency is known, in simulated time."""

from __future__ import annotations

import asyncio
import random

import pytest

from fteval.engines.remote.window import START, STEP, Window


class Simulated(asyncio.SelectorEventLoop):
    """Nobody sleeps: when nothing is ready, the time is that of the next timer."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:
            self.now = max(self.now, self._scheduled[0]._when)
        super()._run_once()


def run(work):
    with asyncio.Runner(loop_factory=Simulated) as runner:
        return runner.run(work)


async def drive(window: Window, n: int, server, workers: int = 2000) -> float:
    """n requests through the window; `server(in_flight)` gives seconds and whether it refused. Returns wall seconds."""
    in_flight, left = 0, n
    largest = 0

    async def one() -> None:
        nonlocal in_flight, left, largest
        while left > 0:
            left -= 1
            ticket = await window.enter()
            in_flight += 1
            largest = max(largest, in_flight)
            seconds, refused = server(in_flight)
            await asyncio.sleep(seconds)
            in_flight -= 1
            window.leave(ticket, refused=refused)

    began = asyncio.get_running_loop().time()
    await asyncio.gather(*(one() for _ in range(min(n, workers))))
    assert largest <= window.limit
    return asyncio.get_running_loop().time() - began


def test_a_server_with_a_fixed_latency_gets_all_that_is_allowed_within_a_few_rounds():
    window = Window(limit=256)
    seconds = run(drive(window, 2000, lambda n: (0.05, False)))
    assert window.largest == 256
    # 8 + 32 + 128 in three rounds, the rest in 256s: 11 rounds of 0.05 s.
    assert seconds <= 11.5 * 0.05


def test_a_server_that_works_one_by_one_is_not_buried():
    """Little's law: with one worker an answer takes as long as the queue is, and more in flight brings nothing."""
    window = Window(limit=512)
    run(drive(window, 200, lambda n: (0.2 * n, False)))
    assert window.largest <= STEP * START
    assert window.size <= 2 * START


def test_many_refusals_shrink_the_window_and_a_few_hardly_do():
    luck = random.Random(0)
    mean = Window(limit=64)
    run(drive(mean, 600, lambda n: (0.2, n > 12)))
    kind = Window(limit=64)
    run(drive(kind, 600, lambda n: (0.2, luck.random() < 0.01)))
    assert 8 <= mean.size < 24
    assert kind.size > 48


@pytest.mark.parametrize("limit", [1, 3, 8])
def test_the_limit_holds_from_the_start(limit: int):
    window = Window(limit=limit)
    run(drive(window, 40, lambda n: (0.001, False)))
    assert window.largest <= limit


def test_who_gives_up_waiting_takes_no_place_along():
    async def main() -> None:
        window = Window(limit=1)
        ticket = await window.enter()
        impatient = [asyncio.create_task(window.enter()) for _ in range(3)]
        await asyncio.sleep(0)
        patient = asyncio.create_task(window.enter())
        await asyncio.sleep(0)
        window.leave(ticket)  # the first of them is told
        for task in impatient:
            task.cancel()
        await asyncio.wait_for(patient, 1)

    run(main())
