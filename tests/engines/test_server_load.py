"""How many requests are in flight: `-j` caps them, they grow with what the server bears and shrink where it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from asking import Done, answered, holdout, prompt, runs
from servers import faults
from servers.fake import Server

STORE = Path(".fteval")
Run = Callable[..., Done]


@pytest.mark.parametrize("cap", [1, 3, 20])
def test_no_more_than_j_requests_are_in_flight(run: Run, server: Server, here: Path, cap: int) -> None:
    server.latency = 0.01
    done = run("-j", str(cap), holdout=holdout(here / "h.jsonl", 10 * cap + 10))
    assert done.code == 0, done.said
    assert server.peak <= cap
    assert server.peak == cap or cap > 8


@pytest.mark.parametrize("wrong", ["0", "-1", "many"])
def test_a_concurrency_that_is_none_is_refused(run: Run, server: Server, wrong: str) -> None:
    done = run("-j", wrong)
    assert done.code == 2
    assert server.requests == []


def test_it_starts_small_and_grows_with_what_the_server_bears(run: Run, server: Server, here: Path) -> None:
    server.latency = 0.1
    done = run(holdout=holdout(here / "h.jsonl", 600))
    assert done.code == 0, done.said
    first = server.completions[: len(server.completions) // 20]
    at_first = max(seen.in_flight for seen in first)
    assert at_first <= 24  # eight, and what is asked about the server itself
    assert server.peak > at_first  # how far, a busy machine decides; test_window.py has a clock of its own


@pytest.mark.parametrize("code", [429, pytest.param(503, marks=pytest.mark.slow)])
def test_it_shrinks_where_the_server_refuses_and_every_sample_is_answered(
    run: Run, server: Server, here: Path, code: int
) -> None:
    n = 400
    server.latency, server.capacity, server.over = 0.05, 16, faults.status(code)
    done = run(holdout=holdout(here / "h.jsonl", n))
    assert done.code == 0, done.said
    assert len(answered(runs(STORE)[0])) == n
    assert server.statuses[code] > 0, "it never grew to what the server bears"
    # A client that keeps pushing is refused many times for every answer.
    assert server.statuses[code] < n / 2


def test_connections_are_reused(run: Run, server: Server, here: Path) -> None:
    server.latency = 0.01
    assert run("-j", "4", holdout=holdout(here / "h.jsonl", 100)).code == 0
    assert len({seen.peer for seen in server.completions}) <= 16


def test_a_connection_that_the_server_drops_between_requests_costs_no_sample(
    run: Run, server: Server, here: Path
) -> None:
    """As transformers serve does after a 500: the connection is dead, and only the next request finds out."""
    server.drops_idle_connections = True
    done = run("-j", "2", holdout=holdout(here / "h.jsonl", 30))
    assert done.code == 0, done.said


@pytest.mark.slow
def test_one_percent_of_failures_loses_no_sample_and_little_time(run: Run, server: Server, here: Path) -> None:
    n = 500
    server.latency = 0.1
    server.script |= {
        prompt(i): [faults.status(500) if i % 200 else faults.rate_limited(0.5)] for i in range(0, n, 100)
    }
    done = run(holdout=holdout(here / "h.jsonl", n))
    assert done.code == 0, done.said
    assert len(answered(runs(STORE)[0])) == n
