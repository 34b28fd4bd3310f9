"""A server on this machine alone: saved results behind an address that nobody else can guess."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from aiohttp import web

from fteval.errors import Incomplete
from fteval.experiment.browsing import Browsing
from fteval.records.browsing import Search
from fteval.reports.html.results import results_page

HOST = "127.0.0.1"
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
}
NUMBERS = ("candidate", "probe", "metric", "slice", "page")


def serve(shown: Sequence[Browsing], port: int, ready: Callable[[str], None]) -> None:
    """Serves until a signal ends it; `ready` is told the address. Port 0 is any that is free.

    Raises OSError for a port that cannot be had.
    """
    asyncio.run(_serve(shown, port, ready))


async def _serve(shown: Sequence[Browsing], port: int, ready: Callable[[str], None]) -> None:
    token = secrets.token_urlsafe(24)
    runner = web.AppRunner(application(shown, token), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HOST, port)
        await site.start()
        first = f"{shown[0].subject.id}/" if len(shown) == 1 else ""
        ready(f"http://{HOST}:{runner.addresses[0][1]}/{token}/{first}")
        await _stopped()
    finally:
        await runner.cleanup()


async def _stopped() -> None:
    """Until a signal comes; also SIGINT to a process that a shell has started in the background, which ignores it."""
    event = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # on Windows, where Ctrl-C interrupts
            asyncio.get_running_loop().add_signal_handler(number, event.set)
    await event.wait()


def application(shown: Sequence[Browsing], token: str) -> web.Application:
    """GET /TOKEN/ for a list of results, /TOKEN/ID/?… for answers of one and answers.jsonl beside it; label and prefer
    there ask for a judgement, and take one by POST."""
    known = {one.subject.id: one for one in shown}

    async def listed(request: web.Request) -> web.Response:
        _check(request, token)
        text = results_page([one.subject for one in shown])
        return web.Response(text=text, content_type="text/html", headers=HEADERS)

    async def page(request: web.Request) -> web.StreamResponse:
        one, search = _result(request, known, token), _search(request.query)
        return await _streamed(request, one.page(search), "text/html")

    async def rows(request: web.Request) -> web.StreamResponse:
        one, search = _result(request, known, token), _search(request.query)
        return await _streamed(request, one.rows(search), "application/jsonl")

    async def label(request: web.Request) -> web.Response:
        one, what = _result(request, known, token), _what(request.query)
        return await _asked(partial(one.label_page, *what))

    async def prefer(request: web.Request) -> web.Response:
        one, what = _result(request, known, token), _what(request.query)
        return await _asked(partial(one.prefer_page, *what[:2]))

    async def keep_label(request: web.Request) -> web.Response:
        one, said = _result(request, known, token), await _said(request)
        drawn = said.get("drawn") == "1"
        place = (_number(said, "side"), said.get("sample", ""), _number(said, "metric"), said.get("value", ""))
        return await _kept(lambda: one.judging.label(*place, drawn=drawn))

    async def keep_preference(request: web.Request) -> web.Response:
        one, said = _result(request, known, token), await _said(request)
        place = (_number(said, "side"), said.get("sample", ""), said.get("value", ""))
        return await _kept(lambda: one.judging.prefer(*place))

    made = web.Application(middlewares=[_of_this_machine], client_max_size=10_000)
    made.router.add_get("/{token}/", listed)
    made.router.add_get("/{token}/{result}/", page)
    made.router.add_get("/{token}/{result}/answers.jsonl", rows)
    made.router.add_get("/{token}/{result}/label", label)
    made.router.add_get("/{token}/{result}/prefer", prefer)
    made.router.add_post("/{token}/{result}/label", keep_label)
    made.router.add_post("/{token}/{result}/prefer", keep_preference)
    return made


def _check(request: web.Request, token: str) -> None:
    if not secrets.compare_digest(request.match_info["token"].encode("utf-8", "surrogatepass"), token.encode()):
        raise web.HTTPNotFound


def _result(request: web.Request, known: Mapping[str, Browsing], token: str) -> Browsing:
    _check(request, token)
    if request.match_info["result"] not in known:
        raise web.HTTPNotFound(text="no such result here")
    return known[request.match_info["result"]]


def _search(query: Mapping[str, str]) -> Search:
    said: dict[str, Any] = {name: query[name] for name in ("text", "show", "sort", "sample") if name in query}
    try:
        said |= {name: int(query[name][:9]) for name in NUMBERS if name in query}
    except ValueError:
        raise web.HTTPNotFound(text="a place in a list is a number") from None
    return Search(**said)


def _what(query: Mapping[str, str]) -> tuple[int, int, int]:
    """`SIDE.PROBE.METRIC`"""
    parts = query.get("what", "").split(".")
    if len(parts) != 3 or not all(part.isdecimal() and len(part) < 7 for part in parts):
        raise web.HTTPNotFound(text="what is to be judged?")
    return int(parts[0]), int(parts[1]), int(parts[2])


def _number(said: Mapping[str, str], name: str) -> int:
    if not said.get(name, "").isdecimal():
        raise web.HTTPBadRequest(text=f"{name} is a number")
    return int(said[name][:9])


async def _said(request: web.Request) -> dict[str, str]:
    """What a page of ours posts; a page of elsewhere is refused, also where it has the address."""
    if request.headers.get("Origin") != f"http://{request.host}":
        raise web.HTTPForbidden(text="only its own pages may say something")
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise web.HTTPForbidden(text="only its own pages may say something")
    return {key: value for key, value in (await request.post()).items() if isinstance(value, str)}


async def _asked(page: Callable[[], str]) -> web.Response:
    try:
        text = await asyncio.to_thread(page)
    except LookupError as error:
        raise web.HTTPNotFound(text=str(error)) from None
    return web.Response(text=text, content_type="text/html", headers=HEADERS)


async def _kept(keep: Callable[[], None]) -> web.Response:
    try:
        await asyncio.to_thread(keep)
    except LookupError as error:
        raise web.HTTPBadRequest(text=str(error)) from None
    except Incomplete as error:
        raise web.HTTPInsufficientStorage(text=error.what) from None
    return web.Response(text="kept", headers=HEADERS)


async def _streamed(request: web.Request, parts: Iterator[str], kind: str) -> web.StreamResponse:
    """A reply whose parts go out as they are made."""
    try:
        first = await asyncio.to_thread(next, parts, "")
    except LookupError as error:
        raise web.HTTPNotFound(text=f"no such page: {error}") from None
    reply = web.StreamResponse(headers=HEADERS)
    reply.content_type, reply.charset = kind, "utf-8"
    await reply.prepare(request)
    with contextlib.suppress(LookupError):  # said in the first part where an index is there
        while first:
            await reply.write(first.encode())
            first = await asyncio.to_thread(next, parts, "")
    await reply.write_eof()
    return reply


@web.middleware
async def _of_this_machine(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """A page of elsewhere may point a name of its own at this machine: only its own names are answered."""
    if request.host.rpartition(":")[0] not in (HOST, "localhost"):
        raise web.HTTPForbidden(text="ask by 127.0.0.1")
    return await handler(request)
