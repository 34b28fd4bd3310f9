"""The servers of one model, one or replicas that share the work: attempts, retries, pauses, and the word when to stop.
Runs in an event loop."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fteval.engines.remote.answer import tokens
from fteval.engines.remote.budget import Budget
from fteval.engines.remote.endpoint import Endpoint
from fteval.engines.remote.line import Line
from fteval.engines.remote.patience import LONGEST_WAIT, Breaker, pause
from fteval.engines.remote.prices import Price
from fteval.engines.remote.reply import Reply, Trouble
from fteval.errors import Incomplete
from fteval.records import Limits

BYTES_A_TOKEN = 2
"""Of UTF-8, and fewer than in any usual text (English 4, Chinese 3); only the worst case is reckoned so."""
PAID = frozenset(("bad_reply", "reply_too_long", "timeout", "set_aside"))
"""Troubles after which an answer may have been made and charged."""
PER_PROMPT = 16
"""Tokens that a chat template may add."""
BAD_REPLIES = 2
"""So often is a reply that cannot be read asked for again: it was paid for each time."""
REFUSED = 3
"""A refusal is no failure of the request: it is sent again so many times as often as after a failure."""
REFUSALS = 3
"""Not authorised, or told to come back much later, so often in succession ends a run."""
FAULTS = frozenset(("connection", "timeout", "server_error", "bad_reply"))
"""Troubles that may be a server's own: so many attempts in succession and it is asked no more, where others are."""
MANY_FAULTS = 5
DENIED = frozenset(("not_authorised", "not_found", "quota", "tls", "redirected"))
"""Troubles that this server has with every request."""


@dataclass(slots=True)
class Client:
    """Asks one model of its servers. Use it in one event loop, and close it there."""

    lines: Sequence[Line]
    """The servers. Their windows share one queue."""
    limits: Limits
    budget: Budget = field(default_factory=Budget)
    price: Price | None = None
    on_fault: Callable[[Line, Trouble], None] = lambda line, trouble: None
    """Sets a server aside, because the others are there."""
    retries: Counter[str] = field(default_factory=Counter)
    """Kind of trouble -> how often a request was sent again for it."""
    breaker: Breaker = field(init=False)
    resting: int = 0
    """Requests that wait to be sent again, and take no place in flight."""
    _ended: Incomplete | None = None
    """Why nothing is asked any more."""

    def __post_init__(self) -> None:
        self.breaker = Breaker(self.limits.give_up_after)

    @property
    def endpoint(self) -> Endpoint:
        """Of the first server, which the model's ref names."""
        return self.lines[0].endpoint

    @property
    def size(self) -> float:
        """So many requests fit in flight."""
        return sum(line.window.size for line in self.lines if line.window.open)

    @property
    def largest(self) -> int:
        """The most that fitted."""
        return sum(line.window.largest for line in self.lines)

    async def post(
        self, path: str, body: bytes, reserved: int | None = None, rests: Callable[[], None] = lambda: None
    ) -> Reply | Trouble:
        """The reply to a request, after as many attempts as are allowed; those of no use are charged to what is
        `reserved`. `rests` is called before each wait. Raises Incomplete when it is no use to ask
        anything any more: no authorisation, no quota, a server that is gone."""
        bad_replies = failures = refusals = 0
        while True:
            attempt = failures + refusals
            line, found = await self._asked(path, body, again=attempt > 0)
            if isinstance(found, Reply):
                self.breaker.succeeded()
                line.failed = 0
                return found
            elsewhere = self._at_fault(line, found)
            if not elsewhere:
                self._ended = self._ended or self._useless(line.endpoint, found)
            if self._ended is not None:
                raise self._ended
            bad_replies += found.kind == "bad_reply"
            failures, refusals = failures + (not found.overload), refusals + found.overload
            most = self.limits.max_retries
            retriable = found.retriable or elsewhere
            if not retriable or failures > most or refusals > REFUSED * most or bad_replies > BAD_REPLIES:
                return found
            if found.retry_after is not None and found.retry_after > LONGEST_WAIT and not elsewhere:
                return found
            if reserved is not None and found.kind in PAID and not self.budget.again(reserved):
                return found  # the budget has no room for another one that may be as useless
            self.retries[found.kind] += 1
            if elsewhere:
                continue
            self.resting += 1
            rests()
            try:
                alone = not found.overload and line.answered > 0 and line.failed < MANY_FAULTS
                await asyncio.sleep(pause(attempt, found.retry_after, alone))
            finally:
                self.resting -= 1

    async def once(self, path: str, body: bytes, line: Line | None = None) -> Reply | Trouble:
        """The reply to a small question beside the samples, of `line` or of any server; sent again once, and not where
        that would be too late. The window does not learn from it."""
        line = line or next((one for one in self.lines if one.window.open), self.lines[0])
        found = await line.beside("POST", path, body)
        if isinstance(found, Trouble) and found.retriable and (found.retry_after or 0.0) <= LONGEST_WAIT:
            await asyncio.sleep(pause(0, found.retry_after and min(found.retry_after, self.limits.timeout)))
            found = await line.beside("POST", path, body)
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

    async def get(self, path: str) -> Mapping[str, object] | None:
        """A JSON object that is nice to know; None where the server does not say."""
        found = await self.lines[0].beside("GET", path, None)
        return found.data if isinstance(found, Reply) else None

    async def close(self) -> None:
        for line in self.lines:
            await line.close()

    async def _asked(self, path: str, body: bytes, *, again: bool) -> tuple[Line, Reply | Trouble]:
        """One attempt, at the server with the next free place."""
        ticket = await self.lines[0].window.enter(first=again)
        if self._ended is not None:
            ticket.window.leave(ticket, lost=True)
            raise self._ended
        line = next(line for line in self.lines if line.window is ticket.window)
        times = line.set_aside
        found = await line.attempt(ticket, path, body, again=again)
        if isinstance(found, Reply) and line.set_aside > times:
            # It may have come back meanwhile, with another model.
            line.answered -= 1
            found = Trouble("set_aside", "the server failed before it answered", retriable=True)
        return line, found

    def _at_fault(self, line: Line, trouble: Trouble) -> bool:
        """Whether a trouble is this one server's, and others may do better; it is asked no more where it lasts."""
        denied = trouble.kind in DENIED or line.silent or (trouble.retry_after or 0.0) > LONGEST_WAIT
        if not denied and trouble.kind not in FAULTS:
            return False
        line.failed += 1
        if not any(other.window.open for other in self.lines if other is not line):
            return False
        if line.window.open and (denied or line.failed >= MANY_FAULTS):
            self.on_fault(line, trouble)
        return True

    def _useless(self, endpoint: Endpoint, trouble: Trouble) -> Incomplete | None:
        """Why the next request would fail in the same way, if it would."""
        where = endpoint.url
        if trouble.kind == "quota":
            fix = "raise the quota or wait for it, then go on"
            return Incomplete(f"the server's quota is used up: {trouble.message}", where=where, fix=fix)
        if trouble.retry_after is not None and trouble.retry_after > LONGEST_WAIT:
            self.breaker.refusals += 1
            wait = f"the server asks to be left alone for {trouble.retry_after:.0f} s: {trouble.message}"
            return Incomplete(wait, where=where, fix="go on then") if self.breaker.refusals >= REFUSALS else None
        if trouble.kind == "not_authorised":
            self.breaker.refusals += 1
            return not_authorised(endpoint, trouble) if self.breaker.refusals >= REFUSALS else None
        if trouble.retriable and self.breaker.failed(trouble.retry_after):
            slow = "; one that is only slow wants fewer at once and more time: -j 2 --timeout 600"
            up = f"see whether it is up, then go on{slow if trouble.kind == 'timeout' else ''}"
            who = "the server has" if len(self.lines) == 1 else f"all {len(self.lines)} servers have"
            return Incomplete(
                f"{who} failed for {self.limits.give_up_after:g} s, and nothing else: {trouble.message}",
                where=where,
                fix=endpoint.detour or up,
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
