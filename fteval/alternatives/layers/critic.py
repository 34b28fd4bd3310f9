"""Who looks at an answer before it is given, and what the model is told of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fteval import registry
from fteval.errors import UserError, suggest
from fteval.records import (
    ComparingProbe,
    FittedProbe,
    Generation,
    JudgedProbe,
    Message,
    Metric,
    Probe,
    Sample,
    VaryingProbe,
    WrappingProbe,
    asks_base,
    primary,
)

TRIED = ("A dog is an animal with four legs.", "I do not know.", "")
"""Answers on which a probe is tried before it may be a critic."""
LONGEST = 500
"""Characters of a reason that the model is told."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a critic makes of an answer."""

    content: bool
    """Nothing is to be mended."""
    value: float | None = None
    """By how much it is good; None where the critic has no number."""
    reason: str = ""


class Critic(Protocol):
    """Judges an answer by the question alone: no critic is told what is right."""

    @property
    def said(self) -> Mapping[str, Any] | str:
        """What decides its verdicts, as JSON."""

    def verdict(self, asked: Sequence[Message], answer: Generation) -> Verdict: ...


class Itself:
    """The model, which is asked in any case."""

    said = "self"

    def verdict(self, asked: Sequence[Message], answer: Generation) -> Verdict:
        return Verdict(content=False)


class ByProbe:
    """A probe's metric. It sees the question and the answer; target and metadata of the row stay in the hold-out."""

    def __init__(self, name: str, metric: str | None, params: Mapping[str, Any], until: float | None) -> None:
        """Raises UserError for a probe that cannot judge an answer by its question alone."""
        self.name, self.params, self.probe = name, params, registry.probe(name, params)
        _check_alone(name, self.probe)
        self.metric = _metric(name, self.probe, metric)
        self.until = _until(f"{name}.{self.metric.name}", self.metric, until)
        self._try()

    @property
    def said(self) -> Mapping[str, Any]:
        plain = {key: one if isinstance(one, bool | int | float) else str(one) for key, one in self.params.items()}
        version = getattr(self.probe, "version", 1)
        named = {"probe": self.name, "version": version, "metric": self.metric.name}
        return {**named, "params": plain, "until": self.until}

    def verdict(self, asked: Sequence[Message], answer: Generation) -> Verdict:
        """Content also where the answer cannot be judged: there is nothing to say of it then."""
        scores = self.probe.score(Sample(answer.sample_id, tuple(asked)), answer)
        value = scores.values.get(self.metric.name)
        if value is None or self._enough(value):
            return Verdict(content=True, value=self._good(value))
        reason = scores.reasons.get(self.metric.name) or f"{self.metric.name} is {value:g}"
        return Verdict(content=False, value=self._good(value), reason=reason.rstrip(".")[:LONGEST])

    def _enough(self, value: float) -> bool:
        return value <= self.until if self.metric.better == "lower" else value >= self.until

    def _good(self, value: float | None) -> float | None:
        return value if value is None or self.metric.better == "higher" else -value

    def _try(self) -> None:
        asked = Sample("tried", (Message("user", "What is a dog?"),))
        found = []
        for text in TRIED:
            try:
                scores = self.probe.score(asked, Generation("tried", text=text, finish_reason="stop"))
            except UserError:
                raise UserError(
                    f"critic: the probe '{self.name}' judges by what its rows say, as their target, which nobody knows"
                    " of a new question: answers that it mends are cheated",
                    fix="a probe that judges the answer alone, as lipogram does, or critic: self",
                ) from None
            found.append(scores.values.get(self.metric.name))
        if all(value is None for value in found):
            raise UserError(
                f"critic: {self.name}.{self.metric.name} judges no answer by its question alone",
                fix="another metric or probe, or critic: self",
            )


def critic(given: str | Mapping[str, Any]) -> Critic:
    """The critic that a config names: self, PROBE, PROBE.METRIC, or {probe: …, metric: …, until: …, PARAMETER: …}."""
    if given == "self":
        return Itself()
    if isinstance(given, str):
        name, _, metric = given.partition(".")
        given = {"probe": name, **({"metric": metric} if metric else {})}
    if not isinstance(given.get("probe"), str):
        raise UserError(f"critic: {given!r} names no probe", fix="critic: self, or critic: {probe: lipogram}")
    until = given.get("until")
    if until is not None and (isinstance(until, bool) or not isinstance(until, int | float)):
        raise UserError(f"critic: 'until' is {until!r}, wanted a number")
    params = {key: value for key, value in given.items() if key not in ("probe", "metric", "until")}
    return ByProbe(given["probe"], given.get("metric"), params, until)


def _check_alone(name: str, probe: Probe) -> None:
    if isinstance(probe, FittedProbe):
        raise UserError(
            f"critic: the probe '{name}' follows from the answers of its hold-out, which a critic must not know",
            fix="a probe that judges the answer alone, as lipogram does, or critic: self",
        )
    if isinstance(probe, ComparingProbe | WrappingProbe | VaryingProbe):
        raise UserError(f"critic: the probe '{name}' judges more than one answer to a question")
    if (isinstance(probe, JudgedProbe) and (probe.judge or getattr(probe, "needs_judge", False))) or asks_base(probe):
        raise UserError(f"critic: the probe '{name}' asks another model about each answer, which no critic does")


def _metric(name: str, probe: Probe, wanted: str | None) -> Metric:
    if wanted is None:
        return primary(probe.metrics)
    found = next((m for m in probe.metrics if m.name == wanted), None)
    if found is None:
        hint = suggest(wanted, [m.name for m in probe.metrics])
        raise UserError(f"critic: the probe '{name}' has no metric '{wanted}'. {hint}")
    return found


def _until(name: str, metric: Metric, until: float | None) -> float:
    if until is not None:
        return float(until)
    if metric.unit != "share":
        raise UserError(f"critic: {name} is no share: from which value on is it content?", fix="until: NUMBER")
    return 0.0 if metric.better == "lower" else 1.0
