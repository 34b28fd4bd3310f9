"""Self-consistency: several answers are drawn, and the one that most of them agree on is given (arXiv:2203.11171)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import ClassVar

from fteval.alternatives.layers.agreement import By, most_agreed, vote_of
from fteval.alternatives.layers.layer import Layer
from fteval.alternatives.layers.usage import n_requests, spent
from fteval.errors import UserError
from fteval.records import Engine, Generation, Request, Sampling, ServedEngine

MOST = 64
KEPT = 200
"""Characters of each vote that are kept with the answer."""


@dataclass(frozen=True, slots=True)
class Vote:
    """Draws several answers to every question and gives the one that most agree on."""

    k: int = 5
    """How many are drawn."""
    temperature: float = 0.7
    """At which they are drawn, whatever the run's temperature is."""
    by: By = "text"
    """What of two answers must be the same. text: all of it; last_line: the last line; number: the last number; choice:
    the one of `choices` that is named last. Case, spacing and marks at the ends do not count."""
    choices: tuple[str, ...] = ()
    """Texts that an answer may choose between, for by: choice."""

    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if not 2 <= self.k <= MOST:
            raise UserError(f"vote: 'k' must be from 2 to {MOST}, found {self.k}")
        if not 0 < self.temperature <= 10:
            raise UserError(
                f"vote: 'temperature' must be above 0 and at most 10, found {self.temperature:g}",
                fix="at temperature 0 all votes are the same",
            )
        if (self.by == "choice") != bool(self.choices):
            raise UserError("vote: 'by: choice' and 'choices' go together", fix="by: choice, choices: [yes, no]")
        if wrong := [one for one in self.choices if vote_of(one, self.by, self.choices) is None]:
            raise UserError(f"vote: {wrong[0]!r} is no text to choose")

    def on(self, engine: Engine) -> Engine:
        return Voting(engine, self)


class Voting(Layer):
    """A model that is asked several times."""

    def __init__(self, inner: Engine, told: Vote) -> None:
        content = {**asdict(told), "choices": list(told.choices)}
        super().__init__(inner, {"name": "vote", "version": told.version, **content})
        self.told = told

    @property
    def most_requests(self) -> int:
        return self.told.k * super().most_requests

    def drawn_at(self, temperature: float) -> float:
        return super().drawn_at(self.told.temperature)

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Generation]]:
        """A vote each. All draws are asked at once: an engine here reads a prompt once for all of its draws."""
        asked = {request.key: request for request in requests}
        owner = {f"{key} vote {n}": (key, n) for key in asked for n in range(self.told.k)}
        draws = [
            replace(asked[key], key=own, seed=_seed(asked[key].seed, n), repeat=asked[key].repeat * self.told.k + n)
            for own, (key, n) in owner.items()
        ]
        drawn: dict[str, dict[int, Generation]] = {}
        for group in self.inner.generate(draws, replace(sampling, temperature=self.told.temperature)):
            whole = []
            for generation in group:
                key, n = owner[generation.key]
                drawn.setdefault(key, {})[n] = generation
                if len(drawn[key]) == self.told.k:
                    of = drawn.pop(key)
                    whole.append(self._decided(asked[key], [of[n] for n in range(self.told.k)]))
            if whole:
                yield whole

    def _decided(self, request: Request, drawn: Sequence[Generation]) -> Generation:
        """The answer of most; where one draw failed, that failure: a vote of fewer would be another candidate's."""
        used = spent(drawn, at_once=isinstance(self, ServedEngine))
        own = {"sample_id": request.sample_id, "key": request.key, "repeat": request.repeat, **used}
        if failed := next((one for one in drawn if one.failure is not None), None):
            return replace(failed, **own)
        votes = [self._vote(one) for one in drawn]
        chosen = most_agreed(votes)
        said = {
            "by": self.told.by,
            "votes": [None if vote is None else vote[:KEPT] for vote in votes],
            "agree": 0 if votes[chosen] is None else votes.count(votes[chosen]),
        }
        how = {**(drawn[chosen].how or {}), "requests": n_requests(drawn), "vote": said}
        return replace(drawn[chosen], **own, how=how)

    def _vote(self, one: Generation) -> str | None:
        """None for an answer that was cut off: what it would have come to is not known."""
        return None if one.finish_reason == "length" else vote_of(one.text or "", self.told.by, self.told.choices)


def _seed(seed: int, n: int) -> int:
    """A draw's own seed, 63 bits."""
    return int.from_bytes(hashlib.sha256(f"{seed} vote {n}".encode()).digest()[:8], "big") >> 1
