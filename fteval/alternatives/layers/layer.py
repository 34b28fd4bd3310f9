"""An engine on top of another that answers as that one does, but for what its subclass does otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from fteval.records import (
    BatchedEngine,
    ConstrainedEngine,
    Constraint,
    DrawingEngine,
    Engine,
    Generation,
    KeyedEngine,
    Message,
    PricedEngine,
    Prompt,
    RepeatingEngine,
    Request,
    Sample,
    Sampling,
    ServedEngine,
    TellingEngine,
    TemplatedEngine,
    WeighingEngine,
)


@dataclass(frozen=True, slots=True)
class Question:
    """What a conversation asks."""

    text: str
    """As the sample has it, without what layers above put around it."""
    place: int | None
    """Of the turn that asks it; None where no user says anything."""
    sample: Sample | None = None
    """What is asked it for, where that was met."""


class Layer:
    """Change `messages` to ask otherwise, `generate` to answer otherwise; state is made in your own `__init__`.

    What the engine below can do beside `Engine` (tools, prices, likelihoods of given texts …), this one can do, by
    asking it; but for being held against the base: the base would be asked the changed question.
    """

    inner: Engine

    def __new__(cls, inner: Engine, *args: Any, **kwargs: Any) -> Any:
        able: type = _as_able_as(cls, frozenset(p for p in _PARTS if isinstance(inner, p)))  # type: ignore[arg-type]
        return object.__new__(able)

    def __init__(self, inner: Engine, content: Mapping[str, Any]) -> None:
        """`content` is what this layer is, with its name and version, as JSON: a part of every answer's key."""
        self.inner, self.content = inner, content
        self.ref = inner.ref
        self._met: dict[tuple[Message, ...], Sample] = {}
        self._how: dict[tuple[Message, ...], Mapping[str, Any]] = {}

    def messages(self, messages: Sequence[Message]) -> Sequence[Message]:
        """The conversation that is asked for in place of this one; never called for plain text."""
        return messages

    def how(self, messages: Sequence[Message]) -> Mapping[str, Any]:
        """What `messages` does to this conversation, as JSON: kept with its answer. {}: nothing worth keeping."""
        return {}

    def meet(self, probe: str, samples: Sequence[Sample], asked: Sequence[Sequence[Message]]) -> None:
        """What a probe is going to ask, each as this layer will be asked for it: see `MeetingEngine`."""
        self._met |= {tuple(messages): sample for sample, messages in zip(samples, asked, strict=True)}
        if isinstance(self.inner, Layer):
            self.inner.meet(probe, samples, [self._asked(messages) for messages in asked])

    def met(self) -> Mapping[str, Any]:
        """What is worth keeping of that, of this layer and those below."""
        return self.inner.met() if isinstance(self.inner, Layer) else {}

    def question(self, messages: Sequence[Message]) -> Question:
        """What is asked here. A conversation that goes on from one that was met asks what that one did."""
        for n in range(len(messages), 0, -1):
            if sample := self._met.get(tuple(messages[:n])):
                return Question(sample.prompt_text, _asking(messages[:n]), sample)
        place = _asking(messages)
        return Question("" if place is None else messages[place].content, place)

    def identity(self) -> Mapping[str, Any]:
        """The engine's below, and all layers on it from the lowest up."""
        below = dict(self.inner.identity())
        return {**below, "alternatives": [*below.get("alternatives", ()), dict(self.content)]}

    @property
    def most_requests(self) -> int:
        """Of the model below, for one answer of this one; times what the layers below make of each."""
        return self.inner.most_requests if isinstance(self.inner, RepeatingEngine) else 1

    def drawn_at(self, temperature: float) -> float:
        """Of the answers of the model below, where this one is told a temperature."""
        return self.inner.drawn_at(temperature) if isinstance(self.inner, DrawingEngine) else temperature

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        return self._noted(messages, self.inner.prompt(self._asked(messages)))

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Generation]]:
        done = {request.key: how for request in requests if (how := self._how.get(request.prompt.messages))}
        for group in self.inner.generate(requests, sampling):
            yield [replace(g, how={**(g.how or {}), **done[g.key]}) if g.key in done else g for g in group]

    def loglikelihood(self, pairs: Sequence[tuple[Prompt, str]]) -> list[float]:
        return self.inner.loglikelihood(pairs)

    def close(self) -> None:
        """The pool closes the inner one."""

    def _asked(self, messages: Sequence[Message]) -> Sequence[Message]:
        return messages if messages[0].role == "text" else self.messages(messages)

    def _noted(self, messages: Sequence[Message], prompt: Prompt) -> Prompt:
        """The prompt, of which is kept what was done for it: layers below change it too, so that it is known by all."""
        if messages[0].role != "text" and (how := self.how(messages)):
            self._how[prompt.messages] = how
        return prompt


def _asking(messages: Sequence[Message]) -> int | None:
    """The place of the last turn of a user."""
    return next((place for place in reversed(range(len(messages))) if messages[place].role == "user"), None)


class _Part:
    """What a layer can do because the engine below can."""

    inner: Any
    _asked: Callable[[Sequence[Message]], Sequence[Message]]
    _noted: Callable[[Sequence[Message], Prompt], Prompt]


class _Templated(_Part):
    def prompt_with(
        self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]], variables: Mapping[str, Any]
    ) -> Prompt:
        return self._noted(messages, self.inner.prompt_with(self._asked(messages), tools, variables))


class _Constrained(_Part):
    def constrained(self, constraint: Constraint) -> Engine:
        """This layer on the engine below, constrained: a mask stands next to the model, whatever is asked above."""
        made: Any = object.__new__(type(self))
        made.__dict__.update(self.__dict__, inner=self.inner.constrained(constraint))
        return made  # type: ignore[no-any-return]


class _Keyed(_Part):
    def request_identity(self, sample: Sample, prompt: Prompt) -> Any:
        return self.inner.request_identity(sample, prompt)


class _Weighing(_Part):
    def weigh(self, requests: Sequence[Request]) -> Iterator[list[Generation]]:
        return self.inner.weigh(requests)  # type: ignore[no-any-return]


class _Batched(_Part):
    @property
    def batches(self) -> Mapping[str, Any] | None:
        return self.inner.batches  # type: ignore[no-any-return]


class _Priced(_Part):
    @property
    def price(self) -> Any:
        return self.inner.price


class _Telling(_Part):
    @property
    def on_event(self) -> Callable[[dict[str, Any]], None] | None:
        return self.inner.on_event  # type: ignore[no-any-return]

    @on_event.setter
    def on_event(self, hear: Callable[[dict[str, Any]], None] | None) -> None:
        self.inner.on_event = hear


class _Served(_Part):
    @property
    def timeless(self) -> bool:
        return bool(self.inner.timeless)

    def start(self, sampling: Sampling) -> Mapping[str, Any] | None:
        return self.inner.start(sampling)  # type: ignore[no-any-return]

    def same(self, earlier: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> bool:
        return bool(self.inner.same(earlier, now))


_PARTS: Mapping[type, type] = {
    TemplatedEngine: _Templated,
    ConstrainedEngine: _Constrained,
    KeyedEngine: _Keyed,
    WeighingEngine: _Weighing,
    BatchedEngine: _Batched,
    PricedEngine: _Priced,
    TellingEngine: _Telling,
    ServedEngine: _Served,
}


@cache
def _as_able_as(cls: type, can: frozenset[type]) -> type:
    """A class with these abilities: who asks for them looks at the class, not at what an instance passes on."""
    if any(issubclass(cls, part) for part in _PARTS.values()):
        return cls  # already made for an engine
    return type(cls.__name__, (cls, *(part for ability, part in _PARTS.items() if ability in can)), {})
