"""The window is driven by simulated servers whose best concurrency is known, in simulated time."""

from __future__ import annotations

import asyncio

import pytest
from simulated import LATENCY, Server, capped, fixed, ours, run, slowing, stalling

from fteval.engines.remote.window import START, STEP, Window


def answering(seconds) -> Server:
    """Answers all; `seconds` follows from how many are in flight."""
    return Server(lambda number, attempt, now, in_flight: (seconds(in_flight), "answer"))


def test_a_server_with_a_fixed_latency_gets_all_that_is_allowed_within_a_few_rounds():
    window, server = Window(limit=256), answering(lambda n: LATENCY)
    seconds = run(ours(server, 4000, window=window))
    assert server.peak == window.largest == 256
    # 16 and 64 in two rounds, a half more for each step; the rest in 256s.
    assert seconds <= (4000 / 256 + 3) * LATENCY


def test_a_server_that_works_one_by_one_is_not_buried():
    """Little's law: with one worker an answer takes as long as the queue is, and more in flight brings nothing."""
    window = Window(limit=512)
    run(ours(answering(lambda n: 0.2 * n), 200, window=window))
    assert window.largest <= STEP[0] * START
    assert window.size <= 2 * START


@pytest.mark.parametrize(("power", "ratio"), [(1.0, 1.1), (1.5, 1.3)])
@pytest.mark.parametrize("beyond", [16, 64])
def test_a_server_that_slows_down_is_given_what_it_answers_fastest(beyond: int, power: float, ratio: float):
    best = run(fixed(slowing(beyond, power), 2000, beyond))
    assert run(ours(slowing(beyond, power), 2000)) <= ratio * best


def test_refusals_do_not_shrink_the_window_and_lost_requests_do():
    refused = Window(limit=64)
    run(ours(capped(12), 600, window=refused))
    assert refused.size >= START
    lost = Window(limit=256)
    run(ours(stalling(0.6), 600, window=lost))
    assert lost.size < START


def test_no_more_are_in_flight_than_a_server_bears_that_refuses_the_rest():
    server = capped(12)
    run(ours(server, 3000))
    assert server.seen["refuse"] <= 0.03 * 3000
    assert set(server.answered.values()) == {1} and len(server.answered) == 3000


@pytest.mark.parametrize("limit", [1, 3, 16])
def test_the_limit_holds_from_the_start(limit: int):
    window, server = Window(limit=limit), answering(lambda n: 0.001)
    run(ours(server, 60, window=window))
    assert server.peak == window.largest == limit


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


def test_who_was_sent_already_goes_first_in_the_order_of_asking():
    async def main() -> list[str]:
        window, order = Window(limit=1), []

        async def one(name: str, first: bool) -> None:
            ticket = await window.enter(first=first)
            order.append(name)
            window.leave(ticket)

        ticket = await window.enter()
        tasks = [asyncio.create_task(one(n, n.startswith("again"))) for n in ("new", "again 1", "again 2")]
        await asyncio.sleep(0)
        window.leave(ticket)
        await asyncio.gather(*tasks)
        return order

    assert run(main()) == ["again 1", "again 2", "new"]
