"""Simulated servers that refuse, by chance and by rate, against the best of clients with a fixed number in flight.

Best numbers were found by trying 4 to 512 in flight; a rate limit has the time that follows from it. A request that is
refused by chance costs every client the same, so only the others count as extra.
"""

from __future__ import annotations

import pytest
from simulated import Server, closed, fixed, limited, luck, ours, refusing, run

from fteval.engines.remote.pace import Pace
from fteval.engines.remote.window import Window

RATIO, EXTRA = 1.3, 0.03
SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 6))]


def checked(server: Server, n: int, best: float, extra: float = EXTRA) -> Pace:
    """The pace after n requests that were all answered, once and in time."""
    window = Window(512)
    seconds = run(ours(server, n, window=window))
    assert len(server.answered) == n and set(server.answered.values()) == {1}
    assert seconds <= RATIO * best, (seconds, best)
    assert server.seen["refuse"] <= extra * n, server.seen
    return window.pace


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("share", [0.01, 0.1, 0.3])
def test_who_refuses_by_chance_is_asked_at_the_full_rate(share: float, seed: int):
    """With 2,000 requests, three seconds, it is 1.1 to 1.36 times: the rounds until all places are in use."""
    n = 6000
    pace = checked(refusing(share, seed), n, run(fixed(refusing(share, seed), n, 512)))
    assert pace.chance == pytest.approx(share if share > 0.02 else 0, abs=0.1)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("rate", "burst", "n"), [(50, 50, 2000), (50, 5, 2000), (500, 100, 6000)])
def test_a_rate_limit_is_found_and_kept(rate: int, burst: int, n: int, seed: int):
    pace = checked(limited(rate, burst, seed), n, (n - burst) / rate)
    assert 0.9 * rate <= pace.rate <= 1.2 * rate
    assert pace.chance == 0


@pytest.mark.parametrize("told", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_limit_of_tokens_is_kept_whatever_requests_cost(told: bool):
    rate, burst, n = 100_000 / 60, 10_000, 2000
    server = limited(rate, burst, cost=lambda number: 40 + 40 * luck(0, number, 5), told=told)
    checked(server, n, (60 * n - burst) / rate, extra=EXTRA if told else 0.05)


@pytest.mark.parametrize("within", [0.002, 0.2])
def test_headers_say_it_better_than_refusals(within: float):
    server = limited(50, 50, told=True, within=within)
    checked(server, 1000, 19.0)
    assert server.seen["refuse"] <= 20


def test_both_kinds_of_refusal_at_once_are_told_apart():
    n = 2000
    pace = checked(limited(50, 50, share=0.1), n, n / 50, extra=0.08)
    assert 0.02 < pace.chance < 0.2


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_refusals_that_come_late_are_told_apart_as_well(seed: int):
    checked(refusing(0.3, seed, within=0.2), 6000, 2 * run(fixed(refusing(0.3, seed, within=0.2), 6000, 512)))
    checked(limited(50, 50, seed, within=0.2), 2000, 39.0, extra=0.1)


def test_a_server_that_refuses_everything_for_a_minute_is_asked_rarely_and_then_in_full():
    """A first burst of 16 and its refilled places, then once a second, and ever rarer."""
    server = closed(60)
    pace = checked(server, 2000, 62, extra=0.035)
    assert pace.rate > 100


def test_who_refuses_all_for_ten_minutes_is_asked_no_more_often_than_each_tenth_of_the_time():
    checked(closed(600), 2000, 602, extra=0.045)
