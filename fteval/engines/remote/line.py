"""One server over HTTP: its connections, its places in flight, and one attempt at a time.

aiohttp, because it costs a tenth of the CPU per request of the `openai` client; it is imported with this module only.
"""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp

from fteval.engines.remote.answer import tokens
from fteval.engines.remote.endpoint import REAL_SECRET, Endpoint
from fteval.engines.remote.patience import clock, retry_after
from fteval.engines.remote.reply import Reply, Trouble, from_status, parsed, shortened
from fteval.engines.remote.window import Ticket, Window
from fteval.records import Limits

LONGEST_REPLY = 16 * 2**20
"""Bytes of a body, unpacked; a longer one is no answer to a prompt."""
LONGEST_ERROR = 2**16
CONNECT = 10.0
"""Seconds to get a connection."""
TOGETHER, TOGETHER_MOST, QUICK = 5, 64, 0.1
"""Connections that are opened at the same time: at first, one more for each that took less than so many seconds, and at
most; so many with TLS, where each takes several round trips."""
ENOUGH, LOST, LEAST, RARE, FORGET = 12, 5, 2.0, 50, 0.98
"""After so many answers a first attempt that takes so many times the longest of them is given up, after so many seconds
at least, and one in so many at most. A long answer counts for less with each one after it: the first ones, to a server
that warms up, say little of the rest."""
LOOK = 0.1
"""Seconds between two looks for them."""


class _Connector(aiohttp.TCPConnector):
    """Opens few connections at the same time until it knows that more are taken: small servers let only five wait
    (Python's own), and the next ones hang for seconds."""

    def __init__(self, together: int) -> None:
        super().__init__(limit=0, ttl_dns_cache=300)
        self._together, self._free = together, asyncio.Semaphore(together)

    async def _create_connection(self, *args: Any, **kwargs: Any) -> Any:
        async with self._free:
            began = time.perf_counter()
            made = await super()._create_connection(*args, **kwargs)
        if self._together < TOGETHER_MOST and time.perf_counter() - began < QUICK:
            self._together += 1
            self._free.release()
        return made


@dataclass(slots=True)
class Times:
    """How long answers take, of late; servers that hold the same model share it."""

    answered: int = 0
    longest: float = 0.0
    """Seconds."""
    hurried: int = 0
    """First attempts that were given up early."""


@dataclass(slots=True)
class Line:
    """A session with one server. Use it in one event loop, and close it there."""

    endpoint: Endpoint
    limits: Limits
    window: Window
    times: Times = field(default_factory=Times)
    answered: int = 0
    failed: int = 0
    """Attempts in succession that got no answer through the server's fault."""
    set_aside: int = 0
    """So often was it asked no more for a while."""
    _session: aiohttp.ClientSession | None = None
    _proxy: str | None = None
    _headers: dict[str, str] = field(init=False)
    silent: bool = False
    """Whether the last attempt got no answer, and no other one in the second half of its wait."""
    _heard: float = 0.0
    _flying: dict[Ticket, asyncio.Timeout] = field(default_factory=dict)
    """Attempts that wait for an answer."""
    _first: dict[Ticket, None] = field(default_factory=dict)
    """The first ones among them, in the order of sending."""
    _looking: asyncio.TimerHandle | None = None

    def __post_init__(self) -> None:
        kind = "application/json"
        self._headers = {**self.endpoint.headers(), "Content-Type": kind, "Accept": kind}

    async def attempt(self, ticket: Ticket, path: str, body: bytes, *, again: bool) -> Reply | Trouble:
        """What becomes of a request that has a place here, which is given back."""
        found: Reply | Trouble | None = None
        try:
            found = await self._until_given_up(ticket, path, body, again=again)
            if isinstance(found, Reply):
                self.answered += 1
                self.times.answered += 1
                self.times.longest = max(FORGET * self.times.longest, found.seconds)
                self._heard = asyncio.get_running_loop().time()
            half = (ticket.sent + asyncio.get_running_loop().time()) / 2
            self.silent = isinstance(found, Trouble) and found.kind == "timeout" and self._heard < half
            used = sum(n or 0 for n in tokens(found.data)) if isinstance(found, Reply) else None
            self.window.heard(ticket, found.headers, used)
            return found
        finally:
            trouble = found if isinstance(found, Trouble) else None
            refused, asked = (trouble.overload, trouble.retry_after) if trouble else (False, None)
            lost = found is None or (trouble is not None and trouble.kind == "timeout")
            self.window.leave(ticket, refused=refused, lost=lost, asked=asked)

    async def beside(self, method: str, path: str, body: bytes | None) -> Reply | Trouble:
        """What becomes of a small question beside the samples; the window does not learn from it."""
        async with self.window.beside():
            return await self._attempt(method, path, body, self.limits.timeout)

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        if self._session is not None:
            await self._session.close()
            self._session = None

    def give_up(self) -> None:
        """Waits for no answer any more."""
        for ticket in list(self._flying):
            self._give_up(ticket)

    async def _until_given_up(self, ticket: Ticket, path: str, body: bytes, *, again: bool) -> Reply | Trouble:
        if not self.window.open:  # it was set aside after the place was given: nobody would give this attempt up
            return Trouble("set_aside", "the server failed before it was asked", retriable=True)
        try:
            async with asyncio.timeout(None) as until:
                self._flying[ticket] = until
                if not again and self.limits.max_retries > 0:
                    self._first[ticket] = None
                    self._looking = self._looking or asyncio.get_running_loop().call_later(LOOK, self._look)
                return await self._attempt("POST", path, body, self.limits.timeout)
        except TimeoutError:
            if not self.window.open:
                return Trouble("set_aside", "the server failed before it answered", retriable=True)
            return Trouble("timeout", "no answer, long after others had theirs", retriable=True)
        finally:
            self._flying.pop(ticket, None)
            self._first.pop(ticket, None)

    def _look(self) -> None:
        """Gives first attempts up that take much longer than all others did of late: they are lost, most likely (a
        connection that the server never took, a stalled worker). The second one has all the time."""
        loop = asyncio.get_running_loop()
        self._looking = loop.call_later(LOOK, self._look) if self._first else None
        times = self.times
        if times.answered < ENOUGH:
            return
        since = loop.time() - max(LEAST, LOST * times.longest)
        for ticket in list(self._first):
            many = times.hurried >= times.answered / RARE
            if ticket.sent > since or (many and (self.silent or self._heard > since)):
                return
            times.hurried += 1
            self._give_up(ticket)
            if many:
                return  # one more, to learn that the server is silent

    def _give_up(self, ticket: Ticket) -> None:
        flying = self._flying.get(ticket)
        if flying is not None and not flying.expired():
            flying.reschedule(0.0)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._proxy = self.endpoint.proxy()
            self._session = aiohttp.ClientSession(
                connector=_Connector(TOGETHER_MOST if self.endpoint.url.startswith("https") else TOGETHER),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session

    async def _attempt(self, method: str, path: str, body: bytes | None, seconds: float) -> Reply | Trouble:
        found = await self._exchange(method, path, body, seconds)
        if isinstance(found, Trouble) and (way := self.endpoint.way()):
            return replace(found, message=found.message + way)
        return found

    async def _exchange(self, method: str, path: str, body: bytes | None, seconds: float) -> Reply | Trouble:
        began = time.perf_counter()
        try:
            # A redirect would carry key and prompts to a host that nobody named.
            # The headers go with each request: those of a session would be told to a proxy too.
            async with self._open().request(
                method,
                self.endpoint.url + path + self.endpoint.query,
                data=body,
                headers=self._headers,
                timeout=aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT),
                proxy=self._proxy,
                allow_redirects=False,
            ) as response:
                raw = await _read(response, LONGEST_REPLY if response.status == 200 else LONGEST_ERROR)
                if response.status >= 500:
                    response.close()  # some servers (uvicorn) drop the connection then, and do not say so
                status, headers = response.status, response.headers
        except TimeoutError:
            return Trouble("timeout", f"no answer within {seconds:g} s", retriable=True)
        except aiohttp.ClientSSLError as error:
            return Trouble("tls", _untrusted(error))
        except aiohttp.ClientConnectorError as error:
            why = os.strerror(error.os_error.errno) if error.os_error.errno else type(error.os_error).__name__
            return Trouble("connection", f"no connection to {error.host}:{error.port} ({why})", retriable=True)
        except (aiohttp.ClientError, OSError) as error:
            what = shortened(self.endpoint.hidden(f"{type(error).__name__}: {error}"), 200)
            return Trouble("connection", what, retriable=True)
        if raw is None:
            return Trouble("reply_too_long", f"a reply of more than {LONGEST_REPLY // 2**20} MB", status)
        text = raw.decode("utf-8", "replace")
        if status != 200:
            asked = retry_after(headers.get("Retry-After"), clock(headers.get("Date")))
            return replace(from_status(status, self.endpoint.hidden(text), asked), headers=headers)
        text = self.endpoint.hidden(text, REAL_SECRET)
        if "\ufffd" in text and not _is_utf8(raw):
            return Trouble("bad_reply", "the reply is not UTF-8", status, retriable=True)
        data = parsed(text)
        return data if isinstance(data, Trouble) else Reply(data, time.perf_counter() - began, headers)


async def _read(response: aiohttp.ClientResponse, most: int) -> bytes | None:
    """The body; None for a 200 that is longer than `most` bytes, else cut there. Unpacked bytes count, so that a small
    packed body cannot fill the memory."""
    if response.content_length is not None and response.content_length <= most and _is_plain(response):
        return await response.read()
    parts, size = [], 0
    async for part in response.content.iter_chunked(2**16):
        parts.append(part)
        size += len(part)
        if size > most:
            response.close()
            return None if response.status == 200 else b"".join(parts)[:most]
    return b"".join(parts)


def _untrusted(error: aiohttp.ClientSSLError) -> str:
    """Why there is no encrypted connection."""
    found = getattr(error, "certificate_error", error)
    if reason := getattr(found, "verify_message", ""):
        return f"the certificate of {error.host}:{error.port} is not accepted: {reason}"
    return f"{error.host}:{error.port} speaks no TLS that is understood ({shortened(str(found), 120)})"


def _is_plain(response: aiohttp.ClientResponse) -> bool:
    return not response.headers.get("Content-Encoding")


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
