"""What a model that judges was asked and replied, and how it stood its own tests: what a run hands to its probes."""

from __future__ import annotations

from dataclasses import dataclass

from fteval.records.digests import digest
from fteval.records.samples import Message

Turns = tuple[Message, ...]
"""What a judge is asked."""
PASSING = 0.8
"""Share of the trials of one kind that a judge must pass."""
FEWEST = 4
"""Trials of a kind; fewer say nothing of a judge."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a judge said once."""

    text: str | None
    why: str | None = None
    """Why it said nothing, or that it was cut off."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A test of the judge itself: questions to which a judge replies in a known way."""

    law: str
    """What it tries, in a few words: empty loses."""
    asked: tuple[Turns, ...]
    required: bool = True
    """False where it is only shown."""


@dataclass(frozen=True, slots=True)
class SelfTest:
    """All trials of one law."""

    law: str
    passed: int
    trials: int
    required: bool = True

    @property
    def failed(self) -> bool:
        return self.required and (self.trials < FEWEST or self.passed < PASSING * self.trials)

    def __str__(self) -> str:
        return f"{self.law} in {self.passed} of {self.trials}"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a judge stood its tests in this run."""

    ref: str
    judge: str
    """Digest of its identity."""
    of: str
    """Digest of what it was tried on."""
    tests: tuple[SelfTest, ...] = ()

    @property
    def fault(self) -> str | None:
        """Why its word does not count; None where it does."""
        failed = [test for test in self.tests if test.failed]
        if not self.tests:
            return f"{self.ref} was not tested as a judge: there was no answer to try it on"
        if not failed:
            return None
        few = [test for test in failed if test.trials < FEWEST]
        if few:
            return f"{self.ref} was not tested enough as a judge: {few[0]}, wanted {FEWEST} trials"
        n = sum(test.required for test in self.tests)
        return f"{self.ref} is no judge here: it failed {len(failed)} of its {n} self-tests"


@dataclass(frozen=True, slots=True)
class Heard:
    """What the judge said of one answer."""

    replies: tuple[Reply, ...] = ()
    """To each question as often as there are votes; none where there was nothing to ask."""
    standing: Standing | None = None
    """None where nobody tested the judge: the replies came with the row."""
    base: str | None = None
    """The base's answer, where the probe wants it and there is one."""
    is_base: bool = False
    """Whether the answer is itself the base's."""

    @property
    def content(self) -> str:
        """Digest of what a score rests on."""
        return digest([[[r.text, r.why] for r in self.replies], self.base, self.is_base])
