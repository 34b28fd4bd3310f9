"""How likely a reference model finds an answer, and from where on that counts: what a run hands to its probes.

Surprise: nats a byte of the answer, given its prompt; a byte and not a token, because broken words make short tokens,
each of which surprises no more than a word of good text does. Aboutness: nats a token that the prompt saves, against a
prompt that asks for nothing in particular.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

READ = 100
"""Tokens of an answer that are read: what falls apart or strays does so before, and a long answer costs no more."""


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Log-likelihood of a text's first tokens after a prompt."""

    nats: float
    """NaN where prompt and text are longer than the model's context."""
    tokens: int
    size: int
    """Bytes of UTF-8 that these tokens spell."""
    greedy: bool | None = None
    """Whether each of them is the likeliest one; None where nobody looked."""


@dataclass(frozen=True, slots=True)
class Divergence:
    """How far a model's next tokens lie from its base's, after one prompt."""

    kl: float
    """KL(base‖model), nats a token, over the base's greedy answer."""
    back: float
    """KL(model‖base), over the model's own."""
    kept: float
    """Share of the places in the base's answer where both have the same likeliest token."""
    tokens: int
    """Places in the base's answer, its end included."""


@dataclass(frozen=True, slots=True)
class Limit:
    """From where on one of the two numbers counts against an answer."""

    value: float | None
    """None where the reference cannot tell good answers from bad ones."""
    auc: float | None = None
    """Chance that a bad answer made from a good one looks worse than a good one."""
    false_alarms: float | None = None
    """Share of the good answers that the limit would fail."""
    reason: str | None = None
    """Why there is no value."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Both limits of one probe, and whom they are from."""

    ref: str
    """Of the reference."""
    judge: str
    """Digest of its identity."""
    of: str
    """Whose answers were taken for good ones."""
    answers: int
    ceiling: Limit
    """Of surprise, in nats a byte."""
    floor: Limit
    """Of aboutness, in nats a token."""

    @property
    def tried(self) -> bool:
        """Whether there were answers enough to try the reference on; where not, rules judge what they can."""
        return self.ceiling.auc is not None

    @property
    def identity(self) -> Mapping[str, Any]:
        """What decides a score."""
        return {"judge": self.judge, "ceiling": self.ceiling.value, "floor": self.floor.value}


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reference says of one answer."""

    surprise: float | None
    """Nats a byte."""
    aboutness: float | None
    """Nats a token."""
    tokens: int
    """So many of the answer were read."""
    limits: Limits
    reason: str | None = None
    """Why there are no numbers."""
