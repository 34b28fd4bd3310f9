"""A read-only server on this machine alone: pages behind an address that nobody else can guess."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
from collections.abc import Awaitable, Callable

from aiohttp import web

from fteval.experiment.browsing import Browsing

HOST = "127.0.0.1"
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def serve(found: Browsing, port: int, ready: Callable[[str], None]) -> None:
    """Serves until a signal ends it; `ready` is told the address. Port 0 is any that is free.

    Raises OSError for a port that cannot be had.
    """
    asyncio.run(_serve(found, port, ready))


async def _serve(found: Browsing, port: int, ready: Callable[[str], None]) -> None:
    token = secrets.token_urlsafe(24)
    runner = web.AppRunner(application(found, token), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HOST, port)
        await site.start()
        ready(f"http://{HOST}:{runner.addresses[0][1]}/{token}/")
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


def application(found: Browsing, token: str) -> web.Application:
    """GET /TOKEN/?page=N, and nothing else."""
    one_at_a_time = asyncio.Lock()

    async def page(request: web.Request) -> web.Response:
        if not secrets.compare_digest(request.match_info["token"].encode(), token.encode()):
            raise web.HTTPNotFound
        asked = request.query.get("page", "1")
        if not asked.isdecimal() or not 1 <= int(asked[:9]) <= found.pages:
            raise web.HTTPNotFound(text=f"there are {found.pages} pages")
        async with one_at_a_time:
            text = await asyncio.to_thread(found.page, int(asked))
        return web.Response(text=text, content_type="text/html", headers=HEADERS)

    made = web.Application(middlewares=[_of_this_machine])
    made.router.add_get("/{token}/", page)
    return made


@web.middleware
async def _of_this_machine(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """A page of elsewhere may point a name of its own at this machine: only its own names are answered."""
    if request.host.rpartition(":")[0] not in (HOST, "localhost"):
        raise web.HTTPForbidden(text="ask by 127.0.0.1")
    return await handler(request)
