"""A function as a model: its exceptions are errors of samples, and its answers are nobody else's."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from fteval.engines.given.function import TOGETHER, FunctionEngine
from fteval.engines.pool import Pool
from fteval.errors import UserError
from fteval.records import Generation, Message, Model, Prompt, Request, Sampling


def engine(function: Callable[..., Any], version: str | None = None, ref: str = "python:f") -> FunctionEngine:
    return FunctionEngine(ref, Model(function, version=version))


def asked(made: FunctionEngine, n: int = 3) -> dict[str, Generation]:
    requests = [Request(f"k{i}", f"s{i}", Prompt((Message("system", "Be brief."), Message("user", f"{i}?"))))
                for i in range(n)]  # fmt: skip
    return {one.sample_id: one for group in made.generate(requests, Sampling()) for one in group}


def say(messages: list[dict[str, str]]) -> str:
    assert messages[0] == {"role": "system", "content": "Be brief."}
    return messages[-1]["content"].upper()


async def say_later(messages: list[dict[str, str]]) -> str:
    await asyncio.sleep(0)
    return say(messages)


class Sayer:
    def __call__(self, messages: list[dict[str, str]]) -> str:
        return say(messages)


class LaterSayer:
    async def __call__(self, messages: list[dict[str, str]]) -> str:
        return say(messages)


FUNCTIONS = [say, say_later, Sayer(), LaterSayer(), partial(say), lambda messages: say_later(messages)]


@pytest.mark.parametrize("function", FUNCTIONS, ids=["def", "async", "object", "async-object", "partial", "awaitable"])
def test_every_kind_of_function_answers(function: Any) -> None:
    found = asked(engine(function))
    assert {i: one.text for i, one in found.items()} == {"s0": "0?", "s1": "1?", "s2": "2?"}
    assert all(one.finish_reason is None and one.seconds is not None for one in found.values())


@pytest.mark.parametrize("later", [False, True])
def test_an_exception_is_an_error_of_its_sample_and_hides_keys(later: bool) -> None:
    def fails(messages: list[dict[str, str]]) -> Any:
        if messages[-1]["content"] == "1?":
            raise ValueError("no answer for sk-abcdefghijklmnop0123456789\nsecond line")
        return None if messages[-1]["content"] == "2?" else "fine"

    async def fails_later(messages: list[dict[str, str]]) -> Any:
        return fails(messages)

    found = asked(engine(fails_later if later else fails))
    assert found["s0"].text == "fine"
    assert found["s1"].failure is not None and found["s1"].failure.message == "ValueError: no answer for …"
    assert found["s2"].failure is not None and "NoneType, wanted text" in found["s2"].failure.message


def test_async_answers_are_made_together_and_not_all_at_once() -> None:
    now, most = 0, 0

    async def slow(messages: list[dict[str, str]]) -> str:
        nonlocal now, most
        now, most = now + 1, max(most, now + 1)
        await asyncio.sleep(0.01)
        now -= 1
        return "x"

    assert len(asked(engine(slow), 3 * TOGETHER)) == 3 * TOGETHER
    assert most == TOGETHER


def test_a_function_that_is_not_async_is_asked_in_the_thread_that_called() -> None:
    threads = set()

    def here(messages: list[dict[str, str]]) -> str:
        threads.add(threading.current_thread())
        return "x"

    asked(engine(here))
    assert threads == {threading.current_thread()}


def test_without_a_version_no_two_engines_are_the_same() -> None:
    first, second = engine(say), engine(say)
    assert first.identity() == first.identity() != second.identity()


def test_with_a_version_name_and_source_count_too() -> None:
    same = engine(say, "1").identity()
    assert same == engine(say, "1").identity()
    others = [engine(say, "2"), engine(say, "1", "python:g"), engine(say_later, "1"), engine(Sayer(), "1"), engine(say)]
    assert all(one.identity() != same for one in others)


def test_the_same_model_is_one_engine_of_a_pool_and_no_other_pool_knows_it() -> None:
    with Pool(given={"python:f": Model(say)}) as pool:
        assert pool.open("python:f") is pool.open("python:f")
    with Pool() as pool, pytest.raises(UserError, match="was a model in a Python process"):
        pool.open("python:f")


def test_likelihoods_are_refused() -> None:
    with pytest.raises(UserError, match="no log-likelihoods"):
        engine(say).loglikelihood([])


def test_a_client_that_gives_up_is_an_error_of_its_sample() -> None:
    async def gives_up(messages: list[dict[str, str]]) -> str:
        if messages[-1]["content"] == "1?":
            raise asyncio.CancelledError
        return "said"

    found = asked(engine(gives_up))
    assert {i: one.text for i, one in found.items()} == {"s0": "said", "s1": None, "s2": "said"}
    assert found["s1"].failure is not None and found["s1"].failure.message == "CancelledError"
