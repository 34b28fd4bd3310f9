"""A function as a model: it is given a conversation, and what it returns is the answer.

How it chooses its words is its own: no sampling field reaches it. Whether it would say the same again, nobody can see
from outside; only where its owner gives it a version are its answers used again.
"""

from __future__ import annotations

import asyncio
import inspect
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fteval.engines.local.engine import PACE, paced
from fteval.engines.remote.loop import Background
from fteval.errors import UserError
from fteval.records import Check, Failure, Generation, Message, Model, Prompt, Request, Sampling
from fteval.records.digests import function_digest
from fteval.records.secrets import without_keys

VERSION = 1
TOGETHER = 16
"""Answers of an async function that are under way at a time."""


class FunctionEngine:
    """One function. Asked one conversation after the other; an async one several at a time, in a loop of its own."""

    def __init__(self, ref: str, model: Model) -> None:
        self.ref = ref
        self._function: Callable[[list[dict[str, str]]], Any] = model.model
        self._name, self._version = ref.partition(":")[2], model.version
        self._once = secrets.token_hex(16)
        self._background = Background()

    def identity(self) -> Mapping[str, Any]:
        """Name, version and source; without a version what no other process and no other engine ever says."""
        written = self._function if inspect.isroutine(self._function) else type(self._function)
        known = {"said": self._version, "source": function_digest(written)}
        return {
            "engine": "python",
            "version": VERSION,
            "function": {"name": self._name, **({"once": self._once} if self._version is None else known)},
        }

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        return Prompt(tuple(messages))

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Generation]]:
        """Answers as they come. An exception, and what is no text, is a failure of that sample."""
        if inspect.iscoroutinefunction(self._function) or inspect.iscoroutinefunction(type(self._function).__call__):
            yield from self._background.stream(lambda full: self._together(requests, full))
            return
        yield from paced(([self._answer(request)] for request in requests), PACE)

    def loglikelihood(self, pairs: Sequence[tuple[Prompt, str]]) -> list[float]:
        raise UserError("a function has no log-likelihoods", where=self.ref, fix="give a transformers model, or a ref")

    def checks(self) -> Iterator[Check]:
        if self._version is None:
            yield Check("version", True, "a function without a version: its answers are not used again")

    def close(self) -> None:
        self._background.close()

    def _answer(self, request: Request) -> Generation:
        began = time.perf_counter()
        try:
            said = self._function(_turns(request))
            if inspect.isawaitable(said):
                said = self._background.run(_awaited(said))
        except Exception as error:  # anybody's code
            return _failed(request, "raised", _told(error))
        return _generation(request, said, time.perf_counter() - began)

    async def _together(self, requests: Sequence[Request], full: Callable[[], bool]) -> AsyncIterator[Generation]:
        waiting: set[asyncio.Task[Generation]] = set()
        todo = iter(requests)
        try:
            while True:
                while len(waiting) < TOGETHER and not full() and (request := next(todo, None)) is not None:
                    waiting.add(asyncio.create_task(self._awaited_answer(request)))
                if not waiting:
                    return
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    yield task.result()
        finally:
            for task in waiting:
                task.cancel()

    async def _awaited_answer(self, request: Request) -> Generation:
        began = time.perf_counter()
        try:
            said = await self._function(_turns(request))
        except Exception as error:  # anybody's code
            return _failed(request, "raised", _told(error))
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise  # nobody waits for it any more
            return _failed(request, "raised", _told(error))  # its client gave up
        return _generation(request, said, time.perf_counter() - began)


async def _awaited(said: Awaitable[Any]) -> Any:
    return await said


def _turns(request: Request) -> list[dict[str, str]]:
    return [{"role": m.role, "content": m.content} for m in request.prompt.messages]


def _generation(request: Request, said: Any, seconds: float) -> Generation:
    if not isinstance(said, str):
        return _failed(request, "no_text", f"the function returned {type(said).__name__}, wanted text")
    made = Generation(request.sample_id, request.key, request.repeat, text=said)
    return replace(made, seconds=seconds)


def _failed(request: Request, kind: str, message: str) -> Generation:
    return Generation(request.sample_id, request.key, request.repeat, failure=Failure(kind, message))


def _told(error: BaseException) -> str:
    first = next(iter(str(error).splitlines()), "")
    return without_keys(f"{type(error).__name__}: {first}"[:300]).rstrip(": ")
