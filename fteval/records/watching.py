"""What was seen of a model while it was trained: looks at its answers to a dev split, and what they decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from fteval.records.probes import Metric


@dataclass(frozen=True, slots=True)
class Look:
    """The answers to the dev split after so many steps."""

    step: int
    """0: the base."""
    scores: Mapping[str, Mapping[str, float | None]]
    """probe -> metric -> mean over the samples that were scored; None for none."""
    scored: Mapping[str, Mapping[str, int]]
    """How many these are."""
    answers: int
    """Different prompts that were answered; the numbers below are of them."""
    failed: int
    """Prompts without an answer."""
    words: float | None
    """Mean of an answer."""
    distinct: float | None
    """Share of the answers that no other one says."""
    clipped: float | None
    """Share that the limit of tokens ended."""
    seconds: float
    loss: float | None = None
    """Mean of what was logged since the look before; so are the next three."""
    reward: float | None = None
    equal: float | None = None
    """Share of the groups in which all answers got one reward: nothing is learnt from these."""
    cut: float | None = None
    """Share of the answers in training that the limit ended."""
    kl: Mapping[str, float] = field(default_factory=dict)
    """`training`, `neutral`: nats a token by which the base's own answers to such prompts are less likely now than to
    the base, which draws them (an estimate of KL from the base)."""


@dataclass(frozen=True, slots=True)
class Curve:
    """All looks at one training, and what they decided."""

    looks: tuple[Look, ...]
    metrics: Mapping[str, tuple[Metric, ...]]
    samples: Mapping[str, int]
    """probe -> dev samples."""
    every: int
    """Steps between looks."""
    steps: int
    """Planned."""
    stop_if: tuple[tuple[str, str], ...] = ()
    """(probe, metric) of the rules that may end the training."""
    keep_best: tuple[str, str] | None = None
    """(probe, metric) by which the checkpoint is chosen."""
    kept: int | None = None
    """The step whose weights were kept; None while it is not known."""
    stopped: str | None = None
    """Why the training was ended before its time."""
    warnings: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    """Digests of the dev prompts, to find them in hold-outs."""

    @property
    def last(self) -> int:
        """Steps done."""
        return self.looks[-1].step if self.looks else 0

    @property
    def chosen_among(self) -> int:
        """Checkpoints of which one was kept: looks after the base's."""
        return sum(look.step > 0 for look in self.looks)


class Watching(Protocol):
    """What is to be watched of a training, and by which rules it is ended and its checkpoint chosen."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """What of it decides the weights, as JSON."""
