"""Before a run is made, and whether gates can fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fteval.records.comparisons import Gate
from fteval.records.probes import Metric


@dataclass(frozen=True, slots=True)
class GatePlan:
    """What a gate can see with the samples that there are."""

    gate: Gate
    metric: Metric
    n: int
    groups: int
    """Independent ones: paraphrases of a question are planned as one."""
    effect: float | None
    """The true change that the powers are for; None for a rule on a level."""
    power: Mapping[str, float]
    """Share of answers that change (`5 %`, `15 %`, `30 %`) -> chance that the gate passes if the effect is true."""
    needed: int | None
    """Independent samples for a power of 80 % where 15 % of the answers change; None where no number would do."""


@dataclass(frozen=True, slots=True)
class ReleasePlan:
    """What all blocking gates on changes can see together."""

    gates: int
    power: Mapping[str, float]
    """Share of answers that change -> chance that every gate passes if the release is as good as its gates assume."""
    needed: Mapping[str, int | None]
    """The same shares -> independent samples of every probe with which that chance is 80 %; None for never."""


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """What one model would have to do."""

    name: str
    ref: str | None
    """None for a candidate that is still to be trained."""
    answers: int
    reused: int
    prompt_tokens: int | None
    """Of the answers to make; None where a server would count them."""
    max_tokens: int
    """Most tokens that the answers to make can have."""
    usd: float | None = None
    """Most that the answers to make can cost, in US dollars; None where no price is known."""
    local: bool = True
    """Whether it runs here, where nobody sends a bill."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A run before it is made."""

    models: tuple[ModelPlan, ...]
    gates: tuple[GatePlan, ...]
    warnings: tuple[str, ...] = ()
    release: ReleasePlan | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether a gate was seen to fail when something was broken on purpose, and not when nothing was."""

    gate: Gate
    metric: Metric
    injected: str
    """What was broken, in words."""
    result: str
    """What the gate said: `pass`, `fail`, `inconclusive` or `incomplete`."""
    held: bool
    """Whether that is what a working gate says."""
    reason: str
