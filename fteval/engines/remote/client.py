"""One server over HTTP: attempts, retries, pauses, and the word when to stop. Runs in an event loop.

aiohttp, because it costs a tenth of the CPU per request of the `openai` client; it is imported with this module only.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp

from fteval.engines.remote.answer import tokens
from fteval.engines.remote.budget import Budget
from fteval.engines.remote.endpoint import REAL_SECRET, Endpoint
from fteval.engines.remote.patience import LONGEST_WAIT, Breaker, clock, pause, retry_after
from fteval.engines.remote.prices import Price
from fteval.engines.remote.reply import Reply, Trouble, from_status, parsed, shortened
from fteval.engines.remote.window import Window
from fteval.errors import Incomplete
from fteval.records import Limits

LONGEST_REPLY = 16 * 2**20
"""Bytes of a body, unpacked; a longer one is no answer to a prompt."""
LONGEST_ERROR = 2**16
BYTES_A_TOKEN = 2
"""Of UTF-8, and fewer than in any usual text (English 4, Chinese 3); only the worst case is reckoned so."""
PAID = frozenset(("bad_reply", "reply_too_long", "timeout"))
"""Troubles after which an answer may have been made and charged."""
PER_PROMPT = 16
"""Tokens that a chat template may add."""
BAD_REPLIES = 2
"""So often is a reply that cannot be read asked for again: it was paid for each time."""
REFUSED = 3
"""A refusal is no failure of the request: it is sent again so many times as often as after a failure."""
REFUSALS = 3
"""Not authorised, or told to come back much later, so often in succession ends a run."""
CONNECT = 10.0
"""Seconds to get a connection."""
TOGETHER, TOGETHER_TLS = 5, 64
"""Connections that are opened at the same time; with TLS each takes several round trips."""
ENOUGH, LOST, LEAST, RARE = 30, 10, 2.0, 50
"""After so many answers a first attempt that takes so many times the longest of them is given up, after so many seconds
at least, and one in so many at most."""


class _Connector(aiohttp.TCPConnector):
    """Opens few connections at the same time: small servers let only five wait (Python's own), and the next ones hang
    for seconds."""

    def __init__(self, together: int) -> None:
        super().__init__(limit=0, ttl_dns_cache=300)
        self._together = asyncio.Semaphore(together)

    async def _create_connection(self, *args: Any, **kwargs: Any) -> Any:
        async with self._together:
            return await super()._create_connection(*args, **kwargs)


@dataclass(slots=True)
class Client:
    """A session with one endpoint. Use it in one event loop, and close it there."""

    endpoint: Endpoint
    limits: Limits
    window: Window
    budget: Budget = field(default_factory=Budget)
    price: Price | None = None
    retries: Counter[str] = field(default_factory=Counter)
    """Kind of trouble -> how often a request was sent again for it."""
    breaker: Breaker = field(init=False)
    _session: aiohttp.ClientSession | None = None
    _proxy: str | None = None
    _headers: dict[str, str] = field(init=False)
    resting: int = 0
    """Requests that wait to be sent again, and take no place in flight."""
    _answered: int = 0
    _hurried: int = 0
    """First attempts that were given up early."""
    _longest: float = 0.0
    _ended: Incomplete | None = None
    """Why nothing is asked any more."""

    def __post_init__(self) -> None:
        self.breaker = Breaker(self.limits.give_up_after)
        kind = "application/json"
        self._headers = {**self.endpoint.headers(), "Content-Type": kind, "Accept": kind}

    async def post(
        self, path: str, body: bytes, reserved: int | None = None, rests: Callable[[], None] = lambda: None
    ) -> Reply | Trouble:
        """The reply to a request, after as many attempts as are allowed; those of no use are charged to what is
        `reserved`. `rests` is called before each wait. Raises Incomplete when it is no use to ask
        anything any more: no authorisation, no quota, a server that is gone."""
        bad_replies = failures = refusals = 0
        while True:
            attempt = failures + refusals
            found = await self._in_window(path, body, again=attempt > 0)
            if isinstance(found, Reply):
                self.breaker.succeeded()
                return found
            self._ended = self._ended or self._useless(found)
            if self._ended is not None:
                raise self._ended
            bad_replies += found.kind == "bad_reply"
            failures, refusals = failures + (not found.overload), refusals + found.overload
            most = self.limits.max_retries
            if not found.retriable or failures > most or refusals > REFUSED * most or bad_replies > BAD_REPLIES:
                return found
            if found.retry_after is not None and found.retry_after > LONGEST_WAIT:
                return found
            if reserved is not None and found.kind in PAID and not self.budget.again(reserved):
                return found  # the budget has no room for another one that may be as useless
            self.retries[found.kind] += 1
            self.resting += 1
            rests()
            try:
                await asyncio.sleep(pause(attempt, found.retry_after))
            finally:
                self.resting -= 1

    async def once(self, path: str, body: bytes) -> Reply | Trouble:
        """The reply to a small question beside the samples; sent again once, and not where that would be too late. The
        window does not learn from it."""
        found = await self._beside("POST", path, body)
        if isinstance(found, Trouble) and found.retriable and (found.retry_after or 0.0) <= LONGEST_WAIT:
            await asyncio.sleep(pause(0, found.retry_after and min(found.retry_after, self.limits.timeout)))
            found = await self._beside("POST", path, body)
        return found

    def reserve(self, texts: Iterable[str], max_tokens: int) -> int | None:
        """Sets aside what a request can cost at most; None where the budget has no room for it."""
        size = sum(len(text.encode("utf-8", "replace")) for text in texts)
        return self.budget.reserve(size // BYTES_A_TOKEN + PER_PROMPT, max_tokens, self.price)

    def settle(self, reserved: int, found: Reply | Trouble | None) -> None:
        """Takes what it did cost; an answer that cannot be used was paid for as well."""
        if isinstance(found, Reply):
            self.budget.settle(reserved, *tokens(found.data), self.price)
        elif found is not None and found.kind in PAID:
            self.budget.settle(reserved, None, None, self.price)
        else:
            self.budget.release(reserved)

    async def get(self, path: str) -> Mapping[str, Any] | None:
        """A JSON object that is nice to know; None where the server does not say."""
        found = await self._beside("GET", path, None)
        return found.data if isinstance(found, Reply) else None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _soon(self) -> float:
        """Seconds for a first attempt: less than the timeout where all others were much faster, since it is lost then
        (a connection that the server never took, a stalled worker). The second one has all the time."""
        known = self._answered >= ENOUGH and self._hurried < self._answered / RARE and self.limits.max_retries > 0
        return min(self.limits.timeout, max(LEAST, LOST * self._longest)) if known else self.limits.timeout

    async def _beside(self, method: str, path: str, body: bytes | None) -> Reply | Trouble:
        async with self.window.beside():
            return await self._attempt(method, path, body, self.limits.timeout)

    async def _in_window(self, path: str, body: bytes, *, again: bool) -> Reply | Trouble:
        ticket = await self.window.enter(first=again)
        if self._ended is not None:
            self.window.leave(ticket, lost=True)
            raise self._ended
        found: Reply | Trouble | None = None
        seconds = self.limits.timeout if again else self._soon()
        try:
            found = await self._attempt("POST", path, body, seconds)
            if isinstance(found, Reply):
                self._answered += 1
                self._longest = max(self._longest, found.seconds)
            elif found.kind == "timeout" and seconds < self.limits.timeout:
                self._hurried += 1
            used = sum(n or 0 for n in tokens(found.data)) if isinstance(found, Reply) else None
            self.window.heard(ticket, found.headers, used)
            return found
        finally:
            trouble = found if isinstance(found, Trouble) else None
            refused, asked = (trouble.overload, trouble.retry_after) if trouble else (False, None)
            lost = found is None or (trouble is not None and trouble.kind == "timeout")
            self.window.leave(ticket, refused=refused, lost=lost, asked=asked)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._proxy = self.endpoint.proxy()
            self._session = aiohttp.ClientSession(
                connector=_Connector(TOGETHER_TLS if self.endpoint.url.startswith("https") else TOGETHER),
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

    def _useless(self, trouble: Trouble) -> Incomplete | None:
        """Why the next request would fail in the same way, if it would."""
        where = self.endpoint.url
        if trouble.kind == "quota":
            fix = "raise the quota or wait for it, then go on"
            return Incomplete(f"the server's quota is used up: {trouble.message}", where=where, fix=fix)
        if trouble.retry_after is not None and trouble.retry_after > LONGEST_WAIT:
            self.breaker.refusals += 1
            wait = f"the server asks to be left alone for {trouble.retry_after:.0f} s: {trouble.message}"
            return Incomplete(wait, where=where, fix="go on then") if self.breaker.refusals >= REFUSALS else None
        if trouble.kind == "not_authorised":
            self.breaker.refusals += 1
            return not_authorised(self.endpoint, trouble) if self.breaker.refusals >= REFUSALS else None
        if trouble.retriable and self.breaker.failed(trouble.retry_after):
            return Incomplete(
                f"the server has failed for {self.limits.give_up_after:g} s, and nothing else: {trouble.message}",
                where=where,
                fix=self.endpoint.detour or "see whether it is up, then go on",
            )
        return None


def not_authorised(endpoint: Endpoint, trouble: Trouble) -> Incomplete:
    """The server wants another key, or one at all."""
    variable = endpoint.key_variable
    has = f"does not accept the key in {variable}" if endpoint.headers() else "wants a key"
    fix = (
        f"set {variable} to a key that may use {endpoint.model}" if variable else "name the key's variable: server.key"
    )
    return Incomplete(f"the server {has}: {trouble.message}", where=endpoint.url, fix=endpoint.detour or fix)


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
