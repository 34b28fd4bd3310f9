from __future__ import annotations

import asyncio

import pytest
from servers.fake import Server
from servers.faults import status

from fteval.engines.refs import parse
from fteval.engines.remote.allowance import Allowance, seconds
from fteval.engines.remote.client import Client
from fteval.engines.remote.endpoint import endpoint
from fteval.engines.remote.line import Line
from fteval.engines.remote.reply import Trouble
from fteval.engines.remote.window import Window
from fteval.records import Limits


@pytest.mark.parametrize(
    ("text", "expected"),
    [("6m0s", 360.0), ("1s", 1.0), ("20ms", 0.02), ("1h2m3.5s", 3723.5), ("59.7s", 59.7), ("30", 30.0), ("0.5", 0.5)]
    + [("", None), (None, None), ("soon", None), ("1s!", None), ("-3s", None), ("1e9", None)],
)
def test_durations_as_providers_write_them(text: str | None, expected: float | None):
    assert seconds(text) == expected


def headers(limit: int, left: int, reset: str, kind: str = "requests") -> dict[str, str]:
    return {f"x-ratelimit-{what}-{kind}": v for what, v in
            (("limit", str(limit)), ("remaining", str(left)), ("reset", reset))}  # fmt: skip


def test_what_is_left_is_spent_and_then_comes_at_the_rate():
    """600 a minute, 2 left of them: the reset of the other 598 in 59.8 s is a rate of 10 a second."""
    allowance = Allowance()
    number = allowance.sent(0.0)
    allowance.heard(number, 0.0, 0.0, headers(600, 2, "59.8s"), None)
    for _ in range(2):
        assert allowance.wait(0.0) == 0
        allowance.sent(0.0)
    assert allowance.wait(0.0) == pytest.approx(0.1)
    assert allowance.wait(0.1) == pytest.approx(0)


def test_what_was_sent_after_the_question_is_not_left_any_more():
    allowance = Allowance()
    numbers = [allowance.sent(0.0) for _ in range(5)]
    allowance.heard(numbers[0], 0.0, 0.0, headers(600, 4, "59.6s"), None)
    assert allowance.wait(0.0) == pytest.approx(0.1)


def test_tokens_are_reckoned_by_what_requests_cost():
    """6,000 tokens a minute are 100 a second: a request of 50 waits for half of one."""
    allowance = Allowance()
    number = allowance.sent(0.0)
    allowance.heard(number, 0.0, 0.0, headers(6000, 0, "1m0s", "tokens"), 50)
    assert allowance.wait(0.0) == pytest.approx(0.5)


@pytest.mark.parametrize(
    "said",
    [{}, headers(0, 0, "1s"), headers(10, 11, "1s"), headers(10, 10, "0s"), headers(10, 1, "never"),
     {**headers(10, 1, "1s"), "x-ratelimit-remaining-requests": "many"},
     {**headers(10, 1, "1s"), "x-ratelimit-limit-requests": "9" * 400}],
)  # fmt: skip
def test_nonsense_holds_nobody_back(said: dict[str, str]):
    allowance = Allowance()
    allowance.heard(allowance.sent(0.0), 0.0, 0.0, said, None)
    assert allowance.wait(0.0) == 0


def test_a_server_that_lets_nothing_through_for_days_is_asked_and_not_waited_for():
    allowance = Allowance()
    allowance.heard(allowance.sent(0.0), 0.0, 0.0, headers(100, 0, "99999h"), None)
    assert allowance.wait(0.0) == 0
    allowance.heard(allowance.sent(0.0), 0.0, 0.0, headers(2, 0, "4m"), None)
    assert allowance.wait(0.0) == pytest.approx(120)


def test_a_refusal_says_what_is_left_as_an_answer_does():
    """One request in four minutes, and none left: the next one waits for them."""

    async def refused(url: str) -> tuple[object, float]:
        limits, window = Limits(max_retries=0), Window(1)
        client = Client([Line(endpoint(parse(url).base, None), limits, window)], limits)
        found = await client.post("/chat/completions", b'{"model": "m", "messages": []}')
        await client.close()
        return found, window.allowance.wait(asyncio.get_running_loop().time())

    with Server(every=status(429, headers=headers(1, 0, "4m"))) as server:
        found, wait = asyncio.run(refused(server.ref))
    assert isinstance(found, Trouble) and found.status == 429
    assert wait == pytest.approx(240, abs=100)
