"""Several servers of one model: who of them is asked, and whether they do hold the same model.

A server shows no weights. Two hold the same ones when they call the model the same and go through a few fixed prompts
alike: with the same log probabilities where they say them, and with the same words where they do not. Who comes late or
comes back is asked the same before it is given a sample.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fteval.engines.remote.answer import text_of
from fteval.engines.remote.body import CHAT, Dialect
from fteval.engines.remote.capabilities import FIXED, KEPT, LENGTH, ask
from fteval.engines.remote.client import DENIED, Client
from fteval.engines.remote.line import Line
from fteval.engines.remote.reply import Trouble
from fteval.errors import Incomplete, UserError
from fteval.records import Sampling

SOONEST, LATEST = 1.0, 30.0
"""Seconds until a server that failed is tried again: twice as many each time."""
NOISE = 0.1
"""Nats between the log probabilities of a token, on average, that other hardware and other batches explain (some
hundredths in bfloat16)."""
TIE = 0.25
"""Nats between the two tokens at which the same model may part with itself."""

Words = tuple[tuple[str, float], ...]
"""(token, log probability), in order."""


@dataclass(frozen=True, slots=True)
class Canary:
    """What a server says to the fixed prompts, without chance."""

    served: str | None
    fingerprint: str | None
    texts: tuple[str | None, ...]
    words: tuple[Words, ...]
    """Empty where no log probabilities are said."""


class Replicas:
    """Opens and closes the windows of a client's servers. `tell` hears what a reader must know."""

    def __init__(self, client: Client, tell: Callable[[str], None]) -> None:
        self.client, self.tell = client, tell
        self.absent: dict[str, str] = {}
        """Place of a server that is not asked now -> why."""
        self._dialect, self._sampling = Dialect(), Sampling()
        self._canary: Canary | None = None
        self._watching: set[asyncio.Task[None]] = set()
        client.on_fault = self._leave

    async def first(self) -> None:
        """Leaves the first server that is there to be asked, and the first of all where none is."""
        lines = self.client.lines
        found = await asyncio.gather(*(line.beside("GET", "/models", None) for line in lines))
        there = next((line for line, said in zip(lines, found, strict=True) if not _absent(said)), lines[0])
        for line in lines:
            line.window.open = line is there

    async def join(self, dialect: Dialect, sampling: Sampling) -> None:
        """Has all others asked too that say the same as the first; who does not answer is tried again later.

        Raises UserError where two hold different models, Incomplete where one does not let us in or know the model.
        """
        kept = {name: getattr(sampling, name) for name in KEPT}
        self._dialect, self._sampling = dialect, replace(Sampling(), max_tokens=LENGTH, **kept)
        if "temperature" in dialect.without:
            self.tell("the servers always draw their answers: whether they hold the same model was not found out")
        lines = self.client.lines
        first = next(line for line in lines if line.window.open)
        found = await asyncio.gather(*(self._said(line) for line in lines))
        said = dict(zip((line.endpoint.place for line in lines), found, strict=True))
        mine = said[first.endpoint.place]
        if isinstance(mine, Trouble):
            raise Incomplete(f"the server does not answer: {mine.message}", where=first.endpoint.url, fix="see its log")
        self._canary = mine
        for line in lines:
            its = said[line.endpoint.place]
            if isinstance(its, Trouble):
                if not _absent(its):
                    fix = f"every server has to serve {line.endpoint.model}; or take it out of servers"
                    raise Incomplete(f"one of the servers refuses: {its.message}", where=line.endpoint.url, fix=fix)
                self._leave(line, its)
            elif why := apart(mine, its):
                raise UserError(
                    f"{first.endpoint.url} and {line.endpoint.url} do not hold the same model: {why}",
                    where="servers",
                    fix="serve the same weights, in the same precision, on each; or take one out",
                )
            else:
                line.window.open = True
        marks = sorted({one.fingerprint for one in found if isinstance(one, Canary) and one.fingerprint})
        if len(marks) > 1:
            self.tell(f"the servers have different fingerprints ({', '.join(marks)[:200]}), and say the same")

    async def close(self) -> None:
        """Looks after nobody any more; before the client is closed."""
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)

    def answered(self) -> dict[str, int]:
        """Place of each server -> answers so far."""
        return {line.endpoint.place: line.answered for line in self.client.lines}

    def _leave(self, line: Line, trouble: Trouble) -> None:
        line.window.open = False
        line.set_aside += 1
        line.give_up()
        self.absent[line.endpoint.place] = trouble.message
        self.tell(f"{line.endpoint.place} is not asked for now: {trouble.message}; the other servers are")
        task = asyncio.create_task(self._watch(line))
        self._watching.add(task)
        task.add_done_callback(self._watching.discard)

    async def _watch(self, line: Line) -> None:
        wait, place = SOONEST, line.endpoint.place
        while True:
            await asyncio.sleep(wait)
            wait = min(2 * wait, LATEST)
            said = await self._said(line)
            if isinstance(said, Trouble):
                continue
            if self._canary is not None and (why := apart(self._canary, said)):
                self.absent[place] = f"it came back with another model: {why}"
                self.tell(f"{place} came back with another model, and is not asked any more: {why}")
                return
            self.absent.pop(place, None)
            self.tell(f"{place} is asked again")
            line.failed, line.window.open = 0, True
            line.window.wake()
            return

    async def _said(self, line: Line) -> Canary | Trouble:
        more: Mapping[str, Any] = {"logprobs": True, "top_logprobs": 0}
        if self._dialect.path != CHAT:
            more = {"logprobs": 1}
        found: list[Any] = await self._asked(line, more)
        if any(isinstance(one, Trouble) and one.kind == "bad_request" for one in found):
            found = await self._asked(line, {})
        trouble = next((one for one in found if isinstance(one, Trouble)), None)
        if trouble is not None:
            return trouble
        names = [found[0].data.get(what) for what in ("model", "system_fingerprint")]
        served, fingerprint = (name if isinstance(name, str) else None for name in names)
        draws = "temperature" in self._dialect.without
        texts = tuple(None if draws else text_of(one.data) for one in found)
        return Canary(served, fingerprint, texts, tuple(() if draws else _words(one.data) for one in found))

    async def _asked(self, line: Line, more: Mapping[str, Any]) -> list[Any]:
        asked = (ask(self.client, self._dialect, text, self._sampling, more, line=line) for text in FIXED)
        return list(await asyncio.gather(*asked))


def apart(one: Canary, other: Canary) -> str | None:
    """Why two servers do not hold the same model; None where nothing says so."""
    if one.served != other.served:
        return f"one calls it {str(one.served)[:80]!r}, the other {str(other.served)[:80]!r}"
    gaps, parted = list[float](), 0
    for asked, said, its, words, others in zip(FIXED, one.texts, other.texts, one.words, other.words, strict=True):
        same = next((i for i, (a, b) in enumerate(zip(words, others, strict=False)) if a[0] != b[0]), None)
        gaps += [abs(a[1] - b[1]) for a, b in zip(words[:same], others[:same], strict=False)]
        if said == its:
            continue
        parted += 1
        if 2 * parted < len(FIXED) and same is not None and _tied(words[same][1], others[same][1]):
            continue
        return f"asked {asked!r}, they say {_where_parted(said, its)} and {_where_parted(its, said)}"
    gap = math.fsum(gaps) / len(gaps) if gaps else 0.0
    return f"their log probabilities of the same words are {gap:.2f} apart" if gap > NOISE else None


def _where_parted(text: str | None, other: str | None) -> str:
    """The first words of a text that the other has not, and a few before them."""
    if text is None:
        return "nothing"
    pairs = enumerate(zip(text, other or "", strict=False))
    start = max(0, next((i for i, (a, b) in pairs if a != b), min(len(text), len(other or ""))) - 30)
    return repr("…" * (start > 0) + text[start : start + 60])


def _tied(one: float, other: float) -> bool:
    """Whether two different tokens may each be the likeliest of the same model, but for rounding."""
    return abs(one - other) <= TIE and math.exp(one) + math.exp(other) <= 1 + TIE


def _words(data: Mapping[str, Any]) -> Words:
    choices = data.get("choices")
    first = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], Mapping) else {}
    found = first.get("logprobs")
    if not isinstance(found, Mapping):
        return ()
    content = found.get("content")
    pairs: Sequence[tuple[Any, Any]] = []
    if isinstance(content, list):
        pairs = [(one.get("token"), one.get("logprob")) for one in content if isinstance(one, Mapping)]
    elif isinstance(found.get("tokens"), list) and isinstance(found.get("token_logprobs"), list):
        pairs = list(zip(found["tokens"], found["token_logprobs"], strict=False))
    numbers = [(str(token), value) for token, value in pairs if isinstance(value, int | float)]
    return tuple((token, min(0.0, float(value))) for token, value in numbers if not math.isnan(value))


def _absent(said: object) -> bool:
    """Whether a trouble may pass by itself: nobody is there, or it is not ready."""
    return isinstance(said, Trouble) and said.retriable and said.kind not in DENIED
