"""The engine for models behind a server: async inside, the same iterator of generations outside.

Cheap to make. At the first contact it finds out how the server wants to be asked; what else the server does with a
request is found out while the first samples are answered. Nothing is assumed from the server's name.
"""

from __future__ import annotations

import asyncio
import math
import re
import time
import urllib.parse
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fteval.engines.refs import DEFAULT_SERVER, ModelRef
from fteval.engines.remote import cycles
from fteval.engines.remote.body import CHAT, Dialect
from fteval.engines.remote.budget import Budget
from fteval.engines.remote.endpoint import KEY_VARIABLE, Endpoint, endpoint
from fteval.engines.remote.loop import Background, result
from fteval.engines.remote.prices import Price, price_of
from fteval.engines.remote.shutdown import shutdown_day
from fteval.errors import Incomplete, UserError
from fteval.records import Generation, Limits, Message, Prompt, Request, Sampling
from fteval.records.readings import Likelihood

if TYPE_CHECKING:
    from fteval.engines.remote.capabilities import Server
    from fteval.engines.remote.client import Client
    from fteval.engines.remote.replicas import Replicas

CHARACTERS = 8
"""Of a text are sent for each token of it that counts: a token has four on average."""
RESTING = 4096
"""Requests that wait to be sent again, for which others are begun."""
LINGER = 10.0
"""Seconds that a finished run waits for what the server honours, and a failed one for answers on their way."""
FRESH = 10.0
"""Seconds for which a contact is believed that was begun early: a plan of a million samples takes minutes."""
VERSION = 1
"""Goes up when the same request would be sent otherwise."""


class ServerEngine:
    """One model of one server, or of several that share the work."""

    def __init__(
        self,
        ref: ModelRef,
        *,
        limits: Limits | None = None,
        budget: Budget | None = None,
        prices: Mapping[str, Price] | None = None,
        key_variable: str | None = KEY_VARIABLE,
        asked: bool = True,
        replicas: Mapping[str, str | None] | None = None,
    ) -> None:
        """`replicas`: base URLs of more servers of the model, with the variables of their keys.

        Raises UserError for a hosted model without a key, unless nothing will be `asked`; and for a budget in money
        without a price."""
        self.ref = ref.text
        self.endpoint: Endpoint = endpoint(ref.base, key_variable, needed=asked)
        others = [(replace(ref.base, url=url), variable) for url, variable in (replicas or {}).items()]
        self.endpoints = (self.endpoint, *(endpoint(base, variable, needed=asked) for base, variable in others))
        self.limits, self.budget = limits or Limits(), budget or Budget()
        self.price = price_of(self.endpoint.model, prices, hosted=self.endpoint.hosted)
        if self.budget.max_usd is not None and self.price is None:
            raise UserError(
                f"--max-usd needs a price, and none is known for {self.endpoint.model}",
                fix=f"in fteval.yaml: prices: {{{self.endpoint.model}: {{input: 0.15, output: 0.60}}}} (per million)",
            )
        self.on_event: Callable[[dict[str, Any]], None] | None = None
        """Hears what a server honours, what was sent again and why; in the caller's thread."""
        self.server: Server | None = None
        self._background = Background()
        self._client: Client | None = None
        self.replicas: Replicas | None = None
        """Where there are several servers: who of them is asked."""
        self._news: list[str] = []
        """Of them, and not yet told."""
        self._capabilities: Mapping[str, str] = {}
        self._meeting: tuple[Sampling, Future[tuple[Server, dict[str, str], float]]] | None = None
        """The first contact, where it was begun before it is waited for."""
        self._exploring: Future[Mapping[str, str]] | None = None
        self._explored = False

    # --- what it is

    def identity(self) -> Mapping[str, Any]:
        """Where the model is served and what it is called there: a server shows no weights. See `same`."""
        return {
            "engine": "server",
            "version": {"fteval": VERSION},
            "place": self.endpoint.place,
            "model": self.endpoint.model,
        }

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        return Prompt(tuple(messages))

    def prompt_with(
        self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]], variables: Mapping[str, Any]
    ) -> Prompt:
        return Prompt(tuple(messages), tools=tuple(tools))

    @property
    def moving(self) -> bool:
        """Whether the provider may put another model behind this name: an alias without a date."""
        return is_moving(self.endpoint.model, self.endpoint.hosted)

    @property
    def timeless(self) -> bool:
        """Whether the name alone says which model it is, now and later: a fine-tune's id, or a dated snapshot at the
        provider who dates it."""
        dated = re.search(r"\d{4}-\d{2}-\d{2}", self.endpoint.model) and self.endpoint.url == DEFAULT_SERVER
        return self.endpoint.hosted and bool(self.endpoint.model.startswith("ft:") or dated)

    def greet(self, sampling: Sampling) -> None:
        """Begins the contact that `start` waits for, so that what else there is to do is done meanwhile."""
        if self._meeting is not None:
            asked, begun = self._meeting
            if asked == sampling and not _is_stale(begun):
                return
            begun.cancel()
        self._meeting = sampling, self._background.begin(self._meet(self._open(), sampling))

    def start(self, sampling: Sampling) -> Mapping[str, Any]:
        """Makes contact. Returns what is known of the model that is served now, for the record of the run.

        Raises Incomplete where nobody answers, lets us in, or knows the model; UserError where the server does not
        take what `sampling` says.
        """
        self.greet(sampling)
        assert self._meeting is not None
        (_, meeting), self._meeting = self._meeting, None
        self.server, ends, _ = result(meeting)
        return {
            "place": self.endpoint.place,
            "servers": [one.place for one in self.endpoints],
            "model": self.endpoint.model,
            "served": self.server.served,
            "fingerprint": self.server.fingerprint,
            "behaviour": self.server.behaviour,
            "moving": self.moving,
            "timeless": self.timeless,
            "ends": ends,
            "price": [self.price.input, self.price.output, self.price.source] if self.price else None,
        }

    def capabilities(self) -> Mapping[str, str]:
        """Field of a request -> honoured, ignored, refused or unclear; waits until it is known. After `start`."""
        self._explore(Sampling())
        if self._exploring is not None:
            self._capabilities, self._exploring = self._exploring.result(self.limits.timeout), None
        return self._capabilities

    def same(self, earlier: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> bool:
        """Whether answers of an earlier run are this model's: a name alone does not say so.

        A fine-tune and a dated snapshot are for ever; an alias never is. A server of one's own must still be called the
        same and say the same to fixed prompts as it does `now`; where that is not known it is another model.
        """
        if earlier is None or self.moving:
            return False
        if self.timeless:
            return True
        if now is None or now.get("behaviour") is None:
            return False
        return all(earlier.get(what) == now.get(what) for what in ("served", "behaviour"))

    def close(self) -> None:
        """Gives connections and thread back."""
        client, self._client = self._client, None
        if self._meeting is not None:
            self._meeting[1].cancel()  # nobody waits for it; it would open the client again
        if client is not None:
            cycles.end()
            if self.replicas is not None:
                self._background.run(self.replicas.close())
            self._background.run(client.close())
        self._background.close()

    # --- what it does

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Generation]]:
        """Answers as they come, in any order; a request that cannot be answered is a failure of its own.

        Raises Incomplete where it is no use to ask on: a server that is gone, a quota or a budget that is used up, a
        key that is not accepted. What came before has been handed out.
        """
        if self.server is None:
            self.start(sampling)
        client, server = self._open(), self.server
        assert server is not None
        self._check(requests, server.dialect, sampling)
        self._explore(sampling)
        retried = client.retries.copy()
        before = Counter(self.replicas.answered() if self.replicas is not None else {})
        try:
            for group in self._background.stream(lambda full: self._ask(client, requests, sampling, full)):
                self._tell_news()
                yield group
            self._tell_capabilities(sampling)
        finally:
            self._tell_news()
            again = client.retries - retried
            if again and self.on_event is not None:
                self.on_event({"event": "retries", "sent_again": dict(again), "most_in_flight": client.largest})
            if self.replicas is not None and self.on_event is not None:
                answered = Counter(self.replicas.answered()) - before
                self.on_event({"event": "servers", "answered": dict(answered)})

    def loglikelihood(self, pairs: Sequence[tuple[Prompt, str]]) -> list[float]:
        """Sum of log p(continuation token | prompt, earlier ones), in nats, one per pair.

        Raises UserError where the server does not say how likely a given text is.
        """
        from fteval.engines.remote.likelihood import loglikelihood

        if self.server is None:
            self.start(Sampling())
        client, server = self._open(), self.server
        assert server is not None
        dialect = server.dialect

        async def ask() -> list[float]:
            return await asyncio.gather(*(loglikelihood(client, dialect, prompt, text) for prompt, text in pairs))

        return self._background.run(ask())

    def likelihoods(self, pairs: Sequence[tuple[Prompt, str]], most: int) -> list[Likelihood]:
        """Of the first `most` tokens of each text after its prompt; NaN for what is longer than the context.

        Raises NoLikelihoods where the server does not say how likely a given text is.
        """
        from fteval.engines.remote.likelihood import token_likelihoods

        if self.server is None:
            self.start(Sampling())
        client, server = self._open(), self.server
        assert server is not None
        dialect = server.dialect

        async def one(prompt: Prompt, text: str) -> Likelihood:
            try:
                found = (await token_likelihoods(client, dialect, prompt, text[: most * CHARACTERS]))[:most]
            except Incomplete:
                raise
            except UserError:  # longer than the context
                return Likelihood(math.nan, 0, 0)
            size = sum(len(letters.encode("utf-8", "replace")) for _, letters in found)
            return Likelihood(math.fsum(value for value, _ in found), len(found), size)

        async def ask() -> list[Likelihood]:
            return await asyncio.gather(*(one(prompt, text) for prompt, text in pairs))

        return self._background.run(ask())

    def weigh(self, requests: Sequence[Request]) -> Iterator[list[Generation]]:
        """Likelihoods of given texts; once the server has said none, no more are asked of it."""
        from fteval.engines.remote.weigh import weighed

        if self.server is None:
            self.start(Sampling())
        assert self.server is not None
        yield from weighed(self._open(), self.server.dialect, requests, self._background, self.on_event)

    # --- in the event loop

    async def _ask(
        self, client: Client, requests: Sequence[Request], sampling: Sampling, full: Callable[[], bool]
    ) -> AsyncIterator[Generation]:
        done: asyncio.Queue[Generation | BaseException | None] = asyncio.Queue()  # None: one more waits
        tasks: set[asyncio.Task[None]] = set()

        async def one(request: Request, reserved: int) -> None:
            try:
                done.put_nowait(await self._one(client, request, sampling, reserved, lambda: done.put_nowait(None)))
            except Exception as error:
                done.put_nowait(error)

        waiting = iter(requests)
        following = next(waiting, None)
        begun = 0  # and not yet handed out
        over: BaseException | None = None
        loop = asyncio.get_running_loop()
        until = float("inf")
        try:
            while (following is not None and over is None) or begun:
                # Twice the window, and those who rest: enough to keep it full, few enough to keep memory flat.
                most = 2 * client.size + min(client.resting, RESTING)
                while over is None and following is not None and begun < most and not full():
                    reserved = client.reserve((m.content for m in following.prompt.messages), sampling.max_tokens)
                    if reserved is None:
                        if not begun and not self.budget.waiting:
                            raise self._used_up()
                        break
                    task = asyncio.create_task(one(following, reserved))
                    tasks.add(task)  # the loop itself keeps none alive
                    task.add_done_callback(tasks.discard)
                    begun += 1
                    following = next(waiting, None)
                if not begun:
                    await asyncio.sleep(0.01)  # whoever takes the answers cannot keep up, or others hold the budget
                    continue
                try:
                    # After an end what is on its way is still taken: it is paid for.
                    found = await asyncio.wait_for(done.get(), None if over is None else until - loop.time())
                except TimeoutError:
                    break
                if found is None:
                    continue
                begun -= 1
                if isinstance(found, BaseException):
                    over, until = over or found, min(until, loop.time() + LINGER)
                    continue
                yield found
            if over is not None:
                raise over
        finally:
            for task in tasks:
                task.cancel()

    async def _one(
        self, client: Client, request: Request, sampling: Sampling, reserved: int, rests: Callable[[], None]
    ) -> Generation:
        from fteval.engines.remote.answer import answer, failed
        from fteval.engines.remote.body import encoded
        from fteval.engines.remote.reply import Reply, Trouble

        assert self.server is not None
        dialect = self.server.dialect
        prompt = request.prompt
        body = dialect.body(self.endpoint.model, prompt.messages, sampling, request.seed, prompt.tools)
        reply: Reply | Trouble | None = None
        try:
            reply = await client.post(dialect.path, encoded(body), reserved, rests)
        finally:
            client.settle(reserved, reply)
        return answer(request, reply, sampling.stop) if isinstance(reply, Reply) else failed(request, reply)

    async def _meet(self, client: Client, sampling: Sampling) -> tuple[Server, dict[str, str], float]:
        """What is served, when it ends, and when that was so."""
        from fteval.engines.remote.capabilities import contact

        if self.replicas is not None:
            await self.replicas.first()
        # One after the other: a key that is not accepted is tried three times at most.
        server, ends = await contact(client, sampling), await self._ends(client)
        if self.replicas is not None:
            await self.replicas.join(server.dialect, sampling)
        return server, ends, time.monotonic()

    async def _ends(self, client: Client) -> dict[str, str]:
        """Model -> the day on which its provider shuts it down, as the provider's list of models says."""
        if not self.endpoint.hosted:
            return {}
        names = [self.endpoint.model]
        if names[0].startswith("ft:"):
            names.append(names[0].split(":")[1])
        found = await asyncio.gather(*(client.get(f"/models/{urllib.parse.quote(name, safe=':/')}") for name in names))
        days = {n: shutdown_day((entry or {}).get("shutdown_date")) for n, entry in zip(names, found, strict=True)}
        return {name: day.isoformat() for name, day in days.items() if day is not None}

    # --- in the caller's thread

    def _open(self) -> Client:
        if self._client is None:
            from fteval.engines.remote.client import Client
            from fteval.engines.remote.line import Line, Times
            from fteval.engines.remote.window import Queue, Window

            queue, times, most = Queue(), Times(), self.limits.concurrency
            lines = [Line(one, self.limits, Window(most, queue=queue), times) for one in self.endpoints]
            self._client = Client(lines, self.limits, self.budget, self.price)
            if len(lines) > 1:
                from fteval.engines.remote.replicas import Replicas

                self.replicas = Replicas(self._client, self._news.append)
            cycles.begin()
        return self._client

    def _check(self, requests: Sequence[Request], dialect: Dialect, sampling: Sampling) -> None:
        """Raises UserError where a request cannot be said to this server, before any is paid for."""
        if dialect.path == CHAT:
            dialect.body(self.endpoint.model, (Message("user", ""),), sampling, 0)
            return
        for request in requests:
            try:
                dialect.body(self.endpoint.model, request.prompt.messages, sampling, 0, request.prompt.tools)
            except UserError as error:
                raise UserError(error.what, where=f"sample {request.sample_id}", fix=error.fix) from None

    def _used_up(self) -> Incomplete:
        spent = f"{self.budget.spent_tokens:,} tokens" + (f", {self.budget.spent_usd:.4f} USD" if self.price else "")
        return Incomplete(
            f"the budget is used up ({self.budget}): {spent} spent, and the next answer might cost more than is left",
            where=self.ref,
            fix="give a larger budget and go on",
        )

    def _explore(self, sampling: Sampling) -> None:
        """Begins to find out what the server honours, once."""
        from fteval.engines.remote.capabilities import explore

        if not self._explored and self.server is not None:
            self._explored = True
            self._exploring = self._background.begin(explore(self._open(), self.server, sampling))

    def _tell_news(self) -> None:
        while self._news and self.on_event is not None:
            self.on_event({"event": "warning", "text": self._news.pop(0)})

    def _tell_capabilities(self, sampling: Sampling) -> None:
        if self._exploring is None or self.on_event is None:
            return
        try:
            self._capabilities, self._exploring = self._exploring.result(LINGER), None
        except TimeoutError:
            self._exploring = None
            self.on_event({"event": "warning", "text": "what the server honours was not found out: it took too long"})
            return
        found = self._capabilities
        self.on_event({"event": "capabilities", "found": dict(found)})
        for text in shortcomings(found, sampling):
            self.on_event({"event": "warning", "text": text})


def _is_stale(met: Future[tuple[Server, dict[str, str], float]]) -> bool:
    """Whether another model may be there by now."""
    return met.done() and met.exception() is None and time.monotonic() - met.result()[2] > FRESH


def is_moving(name: str, hosted: bool) -> bool:
    """Whether a provider may put another model behind this name: an alias without a date."""
    return hosted and not name.startswith("ft:") and not re.search(r"\d{4}-\d{2}-\d{2}", name)


def shortcomings(found: Mapping[str, str], sampling: Sampling) -> list[str]:
    """What a reader must know of a server that does not do what this sampling asks for."""
    bad = {name: how for name, how in found.items() if how in ("ignored", "refused")}
    texts = []
    if "seed" in bad and sampling.temperature > 0:
        texts.append(f"the server has {bad['seed']} the seed: these draws cannot be repeated")
    if bad.get("temperature") == "ignored":
        texts.append("asked twice without chance, the server said two things: its answers vary from run to run")
    if found.get("temperature") == "unclear" and sampling.temperature > 0:
        texts.append("draws at temperature 1 were all the same: the server may ignore the temperature")
    if bad.get("stop") == "ignored" and sampling.stop:
        texts.append("the server ignored `stop`: answers were cut here, after the tokens behind it were paid for")
    texts += [
        f"the server ignored {name} ({getattr(sampling, name)}): the answers are not what was asked for"
        for name in ("top_k", "repetition_penalty", "max_tokens")
        if bad.get(name) == "ignored"
    ]
    return texts
