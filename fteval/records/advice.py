"""What a change costs, and whether one without training does as well as one with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fteval.records.probes import Metric

TRAINED, ASKED = "trained", "asked"
"""Kinds of candidates: other weights than the base's, and the base asked otherwise."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a training took, as its record says; None where that is not in it."""

    seconds: float | None = None
    """Wall time."""
    tokens: float | None = None
    """That it read, as often as it read them."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Means over a model's requests, on the same samples as every other's; None where an engine does not say."""

    name: str
    prompt_tokens: float | None = None
    answer_tokens: float | None = None
    seconds: float | None = None
    served: bool = False
    """Whether `seconds` is how long a server took to answer; else the time that answers together took, shared out."""
    usd: float | None = None
    made: Made | None = None
    """None where nothing was trained, or where nobody knows."""

    @property
    def tokens(self) -> float | None:
        """Of prompt and answer."""
        known = (self.prompt_tokens, self.answer_tokens)
        return None if known[0] is None or known[1] is None else known[0] + known[1]


@dataclass(frozen=True, slots=True)
class Rival:
    """An alternative against a fine-tune in one target, on the same samples: alternative - fine-tune."""

    alternative: str
    fine_tune: str
    probe: str
    metric: Metric
    slice: Mapping[str, str] | None
    margin: float
    """By so much it may be worse, in the metric's unit, and still do as well."""
    state: str
    """`as_good`: being worse by more than the margin is ruled out; `worse`: it is shown; `open`."""
    difference: float | None
    low: float | None
    high: float | None
    level: float
    """Of the interval, at which the state was decided (Holm over what was compared)."""
    n_paired: int
    n_needed: int | None = None
    """Samples that would tell, if the two are equally good."""
    barred: str = ""
    """Why no number of samples like these decides it; "" where one may."""


@dataclass(frozen=True, slots=True)
class Advice:
    """Whether a fine-tune is needed. Decides no verdict."""

    word: str
    """`do_not_fine_tune`, `fine_tune`, `cannot_tell`, `none_ships`, `no_fine_tune`, `not_tried`, `no_target`."""
    sentence: str
    fine_tune: str | None = None
    """That the sentence is about."""
    instead: str | None = None
    """The alternative that does as well."""
    rivals: tuple[Rival, ...] = ()
    notes: tuple[str, ...] = ()
    """What the sentence may rest on beside the change."""
