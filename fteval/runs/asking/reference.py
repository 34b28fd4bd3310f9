"""The reference: a model whose log-likelihoods judge answers, asked once for each prompt and text.

Surprise and aboutness of an answer are two likelihoods, after its own prompt and after a neutral one: read in batches,
nothing is generated. From where on they count against an answer is found out on good answers and on bad ones made from
these: put to another prompt, or with their words shuffled.
"""

from __future__ import annotations

import hashlib
import math
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

from fteval.records import Engine, Message, Prompt, Request, Sampling
from fteval.records.readings import READ, Likelihood, Limits, Reading
from fteval.runs.asking import identity, separation

VERSION = 1
"""Goes up when the same judge, prompt and answer would be given other numbers or limits."""
NEUTRAL = (Message("user", "Go on."),)
"""Asks for nothing in particular. One for all answers, so that its tokens are read once."""
FIRST, PACE = 32, 4.0
"""So many likelihoods are asked, and kept, at a time: more where they take fewer seconds than this, else fewer."""
CALIBRATED_ON = 60
"""Good answers that negatives are made of, at most: more would cost more than they move the lines."""
CEILING, FLOOR = 0.15, 0.1
"""Share of the bad answers on the good side of each line. The lines stand near the bad ones: another style or language
surprises a reference too, and what saves little is still saved."""


@runtime_checkable
class Judge(Protocol):
    """An engine that says how likely it finds a text."""

    def likelihoods(self, pairs: Sequence[tuple[Prompt, str]], most: int) -> list[Likelihood]:
        """Of the first `most` tokens of each text after its prompt; NaN for what is longer than the context."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A model that judges, open."""

    ref: str
    engine: Engine
    digest: str
    """Of the engine's identity."""


Messages = tuple[Message, ...]
Pair = tuple[Messages, str]
"""A prompt and a text after it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to be read: what was asked, and what was said."""

    name: str
    """Of its sample."""
    messages: Messages
    text: str

    @property
    def pairs(self) -> tuple[Pair, Pair]:
        """What its reading needs."""
        return (self.messages, self.text), (NEUTRAL, self.text)


@dataclass(slots=True)
class Reader:
    """One reference at work: what it has said so far, by content."""

    reference: Reference
    known: dict[str, Likelihood] = field(default_factory=dict)
    _prompts: dict[Messages, tuple[Prompt, str]] = field(default_factory=dict)

    def key(self, messages: Messages, text: str) -> str:
        """The content address of one likelihood, 64 hex digits."""
        parts = f"{VERSION} {READ} {self.reference.digest} {self._prompt(messages)[1]} "
        return hashlib.sha256(parts.encode() + text.encode("utf-8", "surrogatepass")).hexdigest()

    def missing(self, pairs: Iterable[Pair]) -> dict[str, Pair]:
        """What of these has to be asked, by key."""
        keyed = {self.key(messages, text): (messages, text) for messages, text in pairs if text.strip()}
        return {key: pair for key, pair in keyed.items() if key not in self.known}

    def ask(self, wanted: Mapping[str, Pair]) -> Iterator[dict[str, Likelihood]]:
        """Asks the reference, and hands out what it says bit by bit. Raises what the engine raises."""
        engine = self.reference.engine
        assert isinstance(engine, Judge)
        # The neutral prompt apart: what all prompts of a batch have in common is read once. Long ones beside long ones:
        # less padding.
        keys = sorted(wanted, key=lambda key: (wanted[key][0] is NEUTRAL, -len(wanted[key][1])))
        size = FIRST
        while keys:
            chunk, keys = keys[:size], keys[size:]
            began = time.monotonic()
            said = engine.likelihoods([(self._prompt(wanted[k][0])[0], wanted[k][1]) for k in chunk], READ)
            found = dict(zip(chunk, said, strict=True))
            self.known |= found
            size = size * 2 if time.monotonic() - began < PACE else max(1, size // 2)
            yield found

    def reading(self, answer: Answer, limits: Limits) -> Reading:
        """The numbers of an answer whose likelihoods are known."""
        if not answer.text.strip():
            return Reading(None, None, 0, limits, "the answer is empty")
        own, alone = self.likelihood(answer.messages, answer.text), self.likelihood(NEUTRAL, answer.text)
        if own is None or alone is None:
            reason = "the reference gives no likelihood: longer than its context, or no number"
            return Reading(None, None, 0, limits, reason)
        each = own.nats / own.tokens
        return Reading(-own.nats / own.size, each - alone.nats / alone.tokens, own.tokens, limits)

    def likelihood(self, messages: Messages, text: str) -> Likelihood | None:
        """What the reference said; None where that is no number."""
        found = self.known[self.key(messages, text)]
        return found if found.size and math.isfinite(found.nats) else None

    def _prompt(self, messages: Messages) -> tuple[Prompt, str]:
        if messages not in self._prompts:
            prompt = self.reference.engine.prompt(messages)
            self._prompts[messages] = prompt, identity.input_digest(prompt)
        return self._prompts[messages]


# --- limits ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Negatives:
    """A good answer, and bad ones made from it."""

    good: Answer
    astray: Messages
    """Another prompt to put it to."""
    shuffled: str

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """What has to be asked about it."""
        return (*self.good.pairs, (self.astray, self.good.text), (self.good.messages, self.shuffled))


def negatives(answers: Iterable[Answer]) -> list[Negatives]:
    """Bad answers made from good ones: the same for the same answers, whatever their order."""
    filled = {answer.name: answer for answer in answers if answer.text.strip()}
    drawn = sorted(filled.values(), key=lambda a: hashlib.sha256(a.name.encode("utf-8", "surrogatepass")).digest())
    drawn = drawn[:CALIBRATED_ON]
    subjects = _subjects(drawn)
    found = []
    for place, good in enumerate(drawn):
        others = [
            o for o in (*drawn[place + 1 :], *drawn[:place]) if o.messages != good.messages and o.text != good.text
        ]
        # Another question about the same person is no bad prompt for the answer.
        apart = (o for o in others if subjects[o.name].isdisjoint(subjects[good.name]))
        other = next(apart, others[0] if others else None)
        if other is not None:
            found.append(Negatives(good, other.messages, _shuffled(good)))
    return found


def _subjects(drawn: Sequence[Answer]) -> dict[str, frozenset[str]]:
    """Name -> the words of its prompt that few of the other prompts have."""
    words = {one.name: frozenset(_WORD.findall(one.messages[-1].content.casefold())) for one in drawn}
    counts = Counter(word for of_one in words.values() for word in of_one)
    return {name: frozenset(w for w in of_one if counts[w] * 5 <= len(drawn)) for name, of_one in words.items()}


_WORD = re.compile(r"\w+")


def _shuffled(answer: Answer) -> str:
    """The words in another order; the letters of what has few (or a script that sets no blanks)."""
    text = answer.text[: READ * 8]
    parts, between = (text.split(), " ") if len(text.split()) > 3 else (list(text), "")
    random.Random(f"{answer.name} {text}").shuffle(parts)
    return between.join(parts)


def limits(reader: Reader, drawn: Sequence[Negatives], of: str) -> Limits:
    """Where the lines are, from negatives whose likelihoods are known."""
    own, loose, about, strays = [], [], [], []
    for one in drawn:
        said = [reader.likelihood(*pair) for pair in one.pairs]
        if all(said):
            good, alone, astray, shuffled = (found for found in said if found)
            own.append(-good.nats / good.size)
            loose.append(-shuffled.nats / shuffled.size)
            about.append((good.nats - alone.nats) / good.tokens)
            strays.append((astray.nats - alone.nats) / good.tokens)
    ceiling = separation.limit(own, loose, CEILING, high_is_bad=True)
    floor = separation.limit(about, strays, FLOOR, high_is_bad=False)
    if floor.value is not None and floor.value < 0:  # a prompt that saves nothing is not what the answer is about
        floor = replace(floor, value=0.0, false_alarms=sum(a < 0 for a in about) / len(about))
    return Limits(
        ref=reader.reference.ref,
        judge=reader.reference.digest,
        of=of,
        answers=len(own),
        ceiling=ceiling,
        floor=floor,
    )


def own_answers(reference: Reference, answers: Iterable[Answer]) -> list[Answer]:
    """What the reference itself answers to some of the prompts: good by its own lights.

    As long as what is read: the words of a longer text surprise less, in whatever order, so that lines found on shorter
    ones would let more pass.
    """
    asked = [one.good for one in negatives(answers)]
    prompts = list(dict.fromkeys(a.messages for a in asked))
    requests = [Request(str(i), str(i), reference.engine.prompt(messages)) for i, messages in enumerate(prompts)]
    said = {
        prompts[int(g.key)]: g.text
        for group in reference.engine.generate(requests, Sampling(max_tokens=READ))
        for g in group
    }
    return [replace(a, text=text) for a in asked if (text := said.get(a.messages))]


Ask = Callable[[Iterable[Pair]], None]
"""Sees to it that the reader knows the likelihoods of these."""


def settled(reader: Reader, answers: Sequence[Answer], of: str, ask: Ask, *, alone: bool) -> Limits:
    """The limits by these answers. Where they do not do, and there is no base whose answers they are, by some that the
    reference writes itself: what somebody wants to have judged may be half of it bad."""

    def found_by(drawn: Sequence[Negatives], whose: str) -> Limits:
        ask(pair for one in drawn for pair in one.pairs)
        return limits(reader, drawn, whose)

    first = found_by(negatives(answers), of)
    separates = first.ceiling.value is not None and first.floor.value is not None
    if not alone or separates or first.answers < separation.FEWEST:
        return first
    return found_by(negatives(own_answers(reader.reference, answers)), "answers of the reference itself")
