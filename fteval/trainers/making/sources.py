"""Who judges an answer for a reward: a probe's metric, a published rule, a function of the user's.

Two more have files of their own: a reward model (reward_models.py), and the base (read_by_base.py).
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from fteval import registry
from fteval.errors import UserError, suggest
from fteval.evals.find.own import OwnScorer
from fteval.records import FittedProbe, Generation, Metric, Probe, Sample, Site
from fteval.records import primary as primary_metric
from fteval.runs.asking.identity import probe_version, source_digest
from fteval.trainers.making import presets
from fteval.trainers.making.base import Base
from fteval.trainers.making.ramp import at

TRIED = ("", "A dog is an animal with four legs.", "I do not know.")
"""Answers that the rewards are tried on before the first step, beside the first rows' targets."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What the model answered, and how far its training is."""

    samples: Sequence[Sample]
    generations: Sequence[Generation]
    progress: float
    told: Mapping[str, Any]
    """What TRL tells a reward function beside."""


class Source(Protocol):
    """Who judges."""

    @property
    def name(self) -> str: ...
    @property
    def spec(self) -> Mapping[str, Any]:
        """As it stands in the candidate's record: everything that decides a reward but its weight."""

    def fitted(self, samples: Sequence[Sample], site: Site, base: Base) -> Source:
        """The same for these prompts. Raises UserError where it cannot judge answers to them."""

    def values(self, answers: Answers) -> list[float | None]: ...


@dataclass(frozen=True, slots=True)
class OfProbe:
    """A probe's metric."""

    probe: str
    metric: str | None
    params: Mapping[str, Any]
    samples: Sequence[Sample] = ()
    """The rows that a probe which follows from its hold-out is fitted to."""
    made: dict[str, Probe] = field(default_factory=dict, compare=False, repr=False)
    """By the parameters as they were: a ramp of whole numbers has few."""

    @property
    def name(self) -> str:
        return f"{self.probe}.{self.metric or self.judged.name}"

    @property
    def spec(self) -> Mapping[str, Any]:
        probe = self.at(0.0)
        told = {"probe": self.probe, "version": probe_version(probe), "metric": self.judged.name}
        # fteval's own goes up in version when it judges otherwise; others' are edited as they stand.
        others = {} if type(probe).__module__.startswith("fteval.") else {"source": source_digest(type(probe))}
        return {**told, **others, "params": _recorded(self.params)}

    def fitted(self, samples: Sequence[Sample], site: Site, base: Base) -> OfProbe:
        fitted = OfProbe(self.probe, self.metric, self.params, samples)
        for progress in (0.0, 1.0):
            fitted.at(progress)
        # Every row: one that says too little would end the training when its turn comes, hours later.
        found = fitted._found(samples, [Generation(s.id, TRIED[1], finish_reason="stop") for s in samples], 0.0)
        if fitted.judged.partial and all(value is None for value in found):
            raise judged_none(self.name, len(found))
        return fitted

    def at(self, progress: float) -> Probe:
        """The probe with its parameters as they are by then."""
        params = at(self.params, progress)
        if (known := self.made.get(repr(params))) is not None:
            return known
        probe = registry.probe(self.probe, params)
        if isinstance(probe, FittedProbe) and self.samples:
            probe = probe.for_samples(self.samples)
        return self.made.setdefault(repr(params), probe)

    @property
    def judged(self) -> Metric:
        known = self.at(0.0).metrics
        if self.metric is None:
            return primary_metric(known)
        found = next((m for m in known if m.name == self.metric), None)
        if found is None:
            hint = suggest(self.metric, [m.name for m in known])
            raise UserError(f"the probe '{self.probe}' has no metric '{self.metric}'. {hint}")
        return found

    def values(self, answers: Answers) -> list[float | None]:
        found = self._found(answers.samples, answers.generations, answers.progress)
        if not self.judged.partial:
            return found
        # None says that the row is of another kind; where another answer to it was judged, that this one escaped.
        asked = [sample.id for sample in answers.samples]
        meant = {row for row, value in zip(asked, found, strict=True) if value is not None}
        return [0.0 if value is None and row not in meant else value for row, value in zip(asked, found, strict=True)]

    def _found(
        self, samples: Sequence[Sample], generations: Sequence[Generation], progress: float
    ) -> list[float | None]:
        probe, metric = self.at(progress), self.judged
        scores = (probe.score(sample, said) for sample, said in zip(samples, generations, strict=True))
        found = (score.values.get(metric.name) for score in scores)
        return [None if value is None else value / (metric.bound or 1.0) for value in found]


def judged_none(name: str, n: int) -> UserError:
    return UserError(
        f"the reward {name} judged none of {n} plain answers to the prompts",
        fix="see what its probe wants of a row: fteval probes show NAME",
    )


@dataclass(frozen=True, slots=True)
class OfPreset:
    """A published rule."""

    preset: str
    params: Mapping[str, Any]

    @property
    def name(self) -> str:
        return self.preset

    @property
    def spec(self) -> Mapping[str, Any]:
        return {"preset": self.preset, "params": dict(self.params)}

    def fitted(self, samples: Sequence[Sample], site: Site, base: Base) -> OfPreset:
        return self

    def values(self, answers: Answers) -> list[float | None]:
        rule = presets.rule(at(self.params, answers.progress))
        return [rule.reward(generation.text or "") for generation in answers.generations]


@dataclass(frozen=True, slots=True)
class OfFunction:
    """A function of the user's, as TRL calls one: `f(completions, **columns)` returns a number for each."""

    own: OwnScorer

    @property
    def name(self) -> str:
        return self.own.name

    @property
    def spec(self) -> Mapping[str, Any]:
        return {"python": self.own.name, "source": self.own.source}

    def fitted(self, samples: Sequence[Sample], site: Site, base: Base) -> OfFunction:
        return self

    def values(self, answers: Answers) -> list[float | None]:
        columns = {
            name: [s.metadata.get(name) for s in answers.samples] for s in answers.samples for name in s.metadata
        }
        told = {**columns, **answers.told, "target": [s.target for s in answers.samples]}
        taken = inspect.signature(self.own.function).parameters
        if not any(p.kind is p.VAR_KEYWORD for p in taken.values()):
            told = {name: value for name, value in told.items() if name in taken}
        found: list[float | None] = self.own.function(**told)
        return found


def _recorded(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as JSON has them: a function of the user's by its source."""
    found = {}
    for name, value in params.items():
        several = list(value) if isinstance(value, list | tuple) else [value]
        told = [{"python": v.name, "source": v.source} if isinstance(v, OwnScorer) else v for v in several]
        found[name] = told if isinstance(value, list | tuple) else told[0]
    return found
