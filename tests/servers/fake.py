"""An OpenAI-compatible server that fails on purpose and remembers everything: a real one, on a port of 127.0.0.1.

Faults are found by the prompt and the number of the attempt at it, because a client may ask a few small things of its
own before the first sample.

    with Server(Model(answers={"Say x.": "x"})) as server:
        server.script["Say x."] = [faults.rate_limited(2), faults.resets()]
        ...
        assert server.asked("Say x.") == 3
"""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
import time
from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from servers import faults
from servers.faults import Fault
from servers.model import Model, Refusal, error, prompt_of

COMPLETIONS = ("/chat/completions", "/completions")
"""How their paths end; Azure's have a deployment before it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it came in."""

    time: float
    method: str
    path: str
    url: str
    """As on the request line: absolute where a proxy is meant."""
    headers: Mapping[str, str]
    raw: bytes
    body: Mapping[str, Any]
    prompt: str
    in_flight: int
    """With this one."""
    peer: int
    """The client's port: one per connection."""


@dataclass
class Server:
    """A context manager: it listens inside it, in a thread with an event loop of its own."""

    model: Model = field(default_factory=Model)
    script: dict[str, Fault | Sequence[Fault]] = field(default_factory=dict)
    """prompt -> faults of its first attempts, or one fault of every attempt"""
    every: Fault | None = None
    """A fault of every completion, whatever the prompt."""
    latency: float = 0.0
    capacity: int | None = None
    """Completions at the same time; those above it get `over`."""
    over: Fault | None = None
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    """More of what /v1/models says about a model, by name."""
    lists_models: bool = True
    """False: /v1/models and /v1/models/NAME are 404."""
    requests: list[Seen] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    """Of completions, faults that break the connection left out."""
    usage: Counter[str] = field(default_factory=Counter)
    """Tokens of right answers, as they were told: prompt_tokens, completion_tokens."""
    dies_at: str | None = None
    """The prompt at which every connection is dropped and nobody listens any more; forgotten then."""
    drops_idle_connections: bool = False
    """Every connection is closed a little after its first answer, which says nothing of it."""
    tls: ssl.SSLContext | None = None
    """Of a server that speaks https."""
    port: int = 0
    in_flight: int = 0
    _attempts: Counter[str] = field(default_factory=Counter)

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}/v1"

    @property
    def ref(self) -> str:
        """The model ref of its model."""
        return f"{self.url}#{self.model.name}"

    @property
    def completions(self) -> list[Seen]:
        """Requests for answers, in order."""
        return [seen for seen in self.requests if seen.path.endswith(COMPLETIONS)]

    @property
    def prompts(self) -> Counter[str]:
        """How often each prompt was asked."""
        return Counter(seen.prompt for seen in self.completions)

    @property
    def peak(self) -> int:
        """Most completions at the same time."""
        return max((seen.in_flight for seen in self.completions), default=0)

    def asked(self, prompt: str) -> int:
        """Attempts at a prompt so far."""
        return self._attempts[prompt]

    def forget(self) -> None:
        """Counts from here; faults of first attempts happen again."""
        self.requests.clear()
        self.statuses.clear()
        self.usage.clear()
        self._attempts.clear()

    def __enter__(self) -> Server:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()
        self._do(self._forget_tasks())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def listen(self) -> None:
        """Takes connections (again), on the port that it had."""
        self._do(self._listen())

    def hang_up(self) -> None:
        """Drops every connection and takes no more."""
        self._do(self._runner.cleanup())

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _forget_tasks(self) -> None:
        """Hanging faults outlive their connections."""
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _listen(self) -> None:
        app = web.Application(client_max_size=256_000_000)
        app.router.add_route("*", "/{tail:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, backlog=2048, reuse_address=True, ssl_context=self.tls)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        try:
            body = json.loads(raw) if raw else {}
        except ValueError:
            body = {}
        path = request.path
        is_completion = path.endswith(COMPLETIONS)
        self.in_flight += is_completion
        seen = Seen(
            time.monotonic(),
            request.method,
            path,
            str(request._message.path),  # the request line as it came, for proxies
            dict(request.headers),
            raw,
            body,
            prompt_of(body),
            self.in_flight,
            request.transport.get_extra_info("peername")[1] if request.transport else 0,
        )
        self.requests.append(seen)
        try:
            if not is_completion:
                return self._about_models(path)
            response = await self._complete(request, seen)
            self.statuses[response.status] += 1
        finally:
            self.in_flight -= is_completion
        if self.drops_idle_connections and request.transport is not None:
            self._loop.call_later(0.003, request.transport.close)
        return response

    def _about_models(self, path: str) -> web.Response:
        names: dict[str, dict[str, Any]] = {name: {} for name in (self.model.name, *self.model.also)}
        known = names | self.models if self.lists_models else {}
        rows = {n: {"id": n, "object": "model", "created": 1, "owned_by": "x", **more} for n, more in known.items()}
        if path == "/v1/models" and self.lists_models:
            return web.json_response({"object": "list", "data": list(rows.values())})
        name = path.removeprefix("/v1/models/")
        if name in rows:
            return web.json_response(rows[name])
        return web.json_response(error(f"The model '{name}' does not exist", "model_not_found"), status=404)

    async def _complete(self, request: web.Request, seen: Seen) -> web.StreamResponse:
        attempt = self._attempts[seen.prompt]
        self._attempts[seen.prompt] += 1
        if seen.prompt == self.dies_at:
            self.dies_at = None
            self._death = asyncio.ensure_future(self._runner.cleanup())
            return await faults.hangs()(request, {})
        if self.capacity is not None and self.over is not None and seen.in_flight > self.capacity:
            return await self.over(request, {})
        if self.latency:
            await asyncio.sleep(self.latency)
        try:
            answer = self.model.reply(seen.body, chat=seen.path.endswith("/chat/completions"))
        except Refusal as refusal:
            return web.json_response(refusal.body, status=refusal.status)
        self.usage.update(answer["usage"])
        planned = self.script.get(seen.prompt, ())
        if not isinstance(planned, Sequence):
            planned = [planned] * (attempt + 1)
        fault = planned[attempt] if attempt < len(planned) else self.every
        return web.json_response(answer) if fault is None else await fault(request, answer)
