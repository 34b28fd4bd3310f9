"""One comment per job and suite, kept up to date: found by its first line and its author, never made twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fteval.ci.api import Answer, Api, Failed
from fteval.reports import escape

TOTAL = 60.0
"""Seconds that all calls may take together."""
WAITS = (0.5, 1.0, 2.0)
"""Seconds before another try, where the server does not say."""
LONGEST_WAIT = 20.0
"""A server that asks for more is not waited for."""
PER_PAGE, MOST_PAGES = 100, 100


@dataclass(frozen=True, slots=True)
class Note:
    """A comment that the token's own user wrote."""

    id: int
    text: str

    @property
    def first_line(self) -> str:
        """Where the marker stands; servers give line ends of their own."""
        return self.text.partition("\n")[0].strip()


class Thread(Protocol):
    """The comments of one pull or merge request."""

    async def own(self) -> list[Note]:
        """Comments by the token's own user, oldest first."""

    async def update(self, note: Note, text: str) -> None: ...
    async def create(self, text: str) -> None: ...


def speak(api: Api, thread: Thread, act: Callable[[Thread], Awaitable[bool]]) -> bool:
    """What the act on a thread of this server returns. Raises Failed."""

    async def connected() -> bool:
        async with api:
            return await act(thread)

    return asyncio.run(connected())


async def publish(thread: Thread, text: str, *, create: bool = True, waits: Sequence[float] = WAITS) -> bool:
    """Puts the text where the comment with its first line is, or makes one; without `create` only the former.

    Returns whether it stands there now. Raises Failed.
    """
    wanted = text.partition("\n")[0]

    async def once() -> bool:
        for note in await thread.own():
            if note.first_line == wanted and await _updated(thread, note, text):
                return True
        if create:
            await thread.create(text)
        return create

    return await _persistently(once, waits)


async def withdraw(thread: Thread, job: str, text: str, *, waits: Sequence[float] = WAITS) -> bool:
    """Replaces what a job's comment says; for a job without a result, so that the verdict of an older one goes.

    Which suite it would have been is not known: where the job has comments on several, all stay. Returns and raises as
    `publish`.
    """
    beginning, ending = "<!-- fteval:report suite=", escape.marker(job=job).removeprefix("<!-- fteval:report")

    async def once() -> bool:
        lines = [(n, n.first_line) for n in await thread.own()]
        found = [(n, line) for n, line in lines if line.startswith(beginning) and line.endswith(ending)]
        return len(found) == 1 and await _updated(thread, found[0][0], f"{found[0][1]}\n\n{text}")

    return await _persistently(once, waits)


async def rows(api: Api, path: str) -> list[Mapping[str, Any]]:
    """The objects of all pages. Raises Failed rather than stop before the last: a comment not found is made anew."""
    found: list[Mapping[str, Any]] = []
    for page in range(1, MOST_PAGES + 1):
        answer = await api.call("GET", f"{path}?per_page={PER_PAGE}&page={page}")
        listing = listed(answer)
        found += listing
        if not (len(listing) >= PER_PAGE if answer.more is None else answer.more):
            return found
    raise Failed(f"more than {PER_PAGE * MOST_PAGES:,} comments")


def listed(answer: Answer) -> list[Mapping[str, Any]]:
    """The objects of an answer that lists some. Raises Failed for any other."""
    if not isinstance(answer.body, list) or not all(isinstance(row, dict) for row in answer.body):
        raise Failed("the answer is no list: is this the address of the API?")
    return answer.body


def part(of: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """An object inside another one; empty where there is none."""
    found = of.get(key)
    return found if isinstance(found, dict) else {}


def number(of: Any, key: str) -> int:
    """A number that an answer must have. Raises Failed without it."""
    found = of.get(key) if isinstance(of, dict) else None
    if not isinstance(found, int):
        raise Failed(f"the answer has no '{key}': is this the address of the API?")
    return found


async def _updated(thread: Thread, note: Note, text: str) -> bool:
    try:
        await thread.update(note, text)
    except Failed as error:
        if error.passing or error.status not in (403, 404):
            raise
        return False  # another bot's, or deleted since
    return True


async def _persistently(once: Callable[[], Awaitable[bool]], waits: Sequence[float]) -> bool:
    """Tries all of it again where that may help.

    A call that makes a comment is never simply repeated: it may have worked although its answer was lost, and then the
    comment is found.
    """
    try:
        async with asyncio.timeout(TOTAL):
            for pause in waits:
                try:
                    return await once()
                except Failed as error:
                    pause = pause if error.wait is None else error.wait
                    if not error.passing or pause > LONGEST_WAIT:
                        raise
                await asyncio.sleep(pause)
            return await once()
    except TimeoutError:
        raise Failed(f"not done within {TOTAL:g} s") from None
