"""Rewards: what a probe, a published rule or a function of the user's says of an answer, as a number to raise.

    lipogram.compliant                                     a probe's metric; without one, the probe's primary metric
    {probe: laziness, metric: long_enough, weight: 0.5, min_words: {from: 2, to: 12, over: 60%}}
    published_naive                                        a rule that was published, by its name (presets.py)
    {python: mine.py:close, weight: 2}                     a function as TRL's rewards are, where code is allowed
    {reward_model: ft:nano:local:liked:3f9a1c20}           a model that was trained to score answers

A share counts from 0 to 1 and any other metric by its scale, where it has one. What a probe calls better when it is
lower counts with a weight of -1. Weights and parameters may ramp. An answer that a reward cannot judge (None) has no
reward: it is neither learnt nor unlearnt, and counted. Else the answers that nobody can judge would be the best ones
wherever rewards punish. Of a metric that means something for some rows only, None counts as 0.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from fteval import registry
from fteval.errors import UserError, suggest
from fteval.evals.find.own import OwnScorer, is_named, of_function
from fteval.records import (
    ComparingProbe,
    FittedProbe,
    Generation,
    Metric,
    Probe,
    Sample,
    Site,
    VaryingProbe,
    WrappingProbe,
)
from fteval.records import primary as primary_metric
from fteval.trainers.making import presets
from fteval.trainers.making.ramp import Ramp, at, is_ramp, ramp
from fteval.trainers.making.reward_models import OfModel

SOURCES = ("probe", "preset", "python", "reward_model")


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

    def fitted(self, samples: Sequence[Sample], site: Site) -> Source:
        """The same for these prompts. Raises UserError where it cannot judge answers to them."""

    def values(self, answers: Answers) -> list[float | None]: ...


@dataclass(frozen=True, slots=True)
class Reward:
    """A source and its weight."""

    source: Source
    weight: Ramp

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def spec(self) -> dict[str, Any]:
        return {**self.source.spec, "weight": self.weight.as_said()}

    def values(self, answers: Answers) -> list[float | None]:
        """A number for each answer, not weighted yet. Raises UserError for a source that fails or gives no numbers."""
        try:
            found = list(self.source.values(answers))
        except UserError:
            raise
        except Exception as error:  # anybody's code
            raise UserError(f"the reward {self.name} fails: {type(error).__name__}: {error}") from error
        if len(found) != len(answers.samples):
            raise UserError(f"the reward {self.name} returned {len(found)} values for {len(answers.samples)} answers")
        return [self._number(value) for value in found]

    def _number(self, value: Any) -> float | None:
        if value is None:
            return None
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not math.isfinite(number):
            raise UserError(
                f"the reward {self.name} returned {value!r}, wanted a number",
                fix="return None for an answer that cannot be judged",
            )
        return number


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
        version = getattr(self.at(0.0), "version", 1)
        return {"probe": self.probe, "version": version, "metric": self.judged.name, "params": _recorded(self.params)}

    def fitted(self, samples: Sequence[Sample], site: Site) -> OfProbe:
        fitted = OfProbe(self.probe, self.metric, self.params, samples)
        for progress in (0.0, 1.0):
            fitted.at(progress)
        fitted.judged  # noqa: B018  # raises for a metric that the fitted probe has not
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
        probe, metric = self.at(answers.progress), self.judged
        absent = 0.0 if metric.partial else None
        found = (
            probe.score(sample, generation).values.get(metric.name)
            for sample, generation in zip(answers.samples, answers.generations, strict=True)
        )
        return [absent if value is None else value / (metric.bound or 1.0) for value in found]


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

    def fitted(self, samples: Sequence[Sample], site: Site) -> OfPreset:
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

    def fitted(self, samples: Sequence[Sample], site: Site) -> OfFunction:
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


def summed(rewards: Sequence[Reward], answers: Answers) -> list[float | None]:
    """The sum of the weighted rewards of each answer; None where one of them cannot judge it.

    Tells TRL's `log_metric` the mean of each reward over what it judged, and the share that has no sum.
    """
    totals: list[float | None] = [0.0] * len(answers.samples)
    for reward in rewards:
        values, weight = reward.values(answers), reward.weight.at(answers.progress)
        known = [value for value in values if value is not None]
        if known:
            answers.told["log_metric"](f"rewards/{reward.name}", sum(known) / len(known))
        totals = [
            None if total is None or value is None else total + weight * value
            for total, value in zip(totals, values, strict=True)
        ]
    answers.told["log_metric"]("unscored", totals.count(None) / len(totals))
    return totals


def _recorded(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as JSON has them: a function of the user's by its source."""
    found = {}
    for name, value in params.items():
        several = list(value) if isinstance(value, list | tuple) else [value]
        told = [{"python": v.name, "source": v.source} if isinstance(v, OwnScorer) else v for v in several]
        found[name] = told if isinstance(value, list | tuple) else told[0]
    return found


def rewards(given: Sequence[Any]) -> tuple[Reward, ...]:
    """The rewards of a recipe. Raises UserError with everything that is wrong with them."""
    made, problems = [], []
    for entry in given:
        try:
            made.append(entry if isinstance(entry, Reward) else _reward(entry))
        except ValueError as error:
            problems.append(f"rewards: {error}")
        except UserError as error:
            problems.append(f"rewards: {error.what}" + (f" ({error.fix})" if error.fix else ""))
    names = [reward.name for reward in made] if not problems else []
    problems += [f"rewards: '{name}' stands twice" for name in sorted({n for n in names if names.count(n) > 1})]
    if problems:
        raise UserError("\n".join(problems))
    return tuple(made)


def _reward(entry: Any) -> Reward:
    if callable(entry) and not isinstance(entry, OwnScorer):
        return Reward(OfFunction(of_function(entry)), Ramp(1.0, 1.0))
    if isinstance(entry, str):
        name, _, metric = entry.partition(".")
        entry = (
            {"preset": entry} if entry in presets.PRESETS else {"probe": name, **({"metric": metric} if metric else {})}
        )
    if not isinstance(entry, Mapping):
        raise ValueError(f"{entry!r} is no reward, wanted PROBE.METRIC or {{probe: …, metric: …, weight: …}}")
    named = [key for key in SOURCES if key in entry]
    if len(named) != 1:
        raise ValueError(f"a reward has one of {', '.join(SOURCES)}; keys: {', '.join(map(str, entry))}")
    params = {key: value for key, value in entry.items() if key not in (*SOURCES, "metric", "weight")}
    for name, value in params.items():
        if is_ramp(value):
            ramp(value, name)  # raises for one that is none
    return _MAKERS[named[0]](entry, params)


def _of_probe(entry: Mapping[str, Any], params: dict[str, Any]) -> Reward:
    source = OfProbe(str(entry["probe"]), entry.get("metric"), params)
    ends = [source.at(0.0), source.at(1.0)]
    if isinstance(ends[0], ComparingProbe | WrappingProbe | VaryingProbe):
        raise ValueError(f"the probe '{source.probe}' judges more than one answer to a prompt: it cannot be a reward")
    if isinstance(ends[0], FittedProbe) and source.metric:
        return Reward(source, ramp(entry.get("weight", 1.0), "weight"))  # its metrics are known with its rows
    metric = source.judged
    weight = ramp(entry.get("weight", -1.0 if metric.better == "lower" else 1.0), "weight")
    if metric.better == "lower" and max(weight.start, weight.end) > 0:
        raise ValueError(f"a weight above 0 would raise {source.name}, of which less is better: write it with a minus")
    if metric.better == "higher" and min(weight.start, weight.end) < 0:
        raise ValueError(f"a weight below 0 would lower {source.name}, of which more is better")
    return Reward(source, weight)


def _of_preset(entry: Mapping[str, Any], params: dict[str, Any]) -> Reward:
    name = str(entry["preset"])
    full = presets.params(name, params)
    for progress in (0.0, 1.0):
        presets.rule(at(full, progress))
    return Reward(OfPreset(name, full), ramp(entry.get("weight", 1.0), "weight"))


def _of_function(entry: Mapping[str, Any], params: dict[str, Any]) -> Reward:
    given = entry["python"]
    if params:
        raise ValueError(f"a python reward has no parameter '{next(iter(params))}'")
    if isinstance(given, str) and is_named(given):
        raise UserError(f"the reward {given} is Python code, which is not run unasked", fix="add --allow-code")
    if not isinstance(given, OwnScorer):
        if not callable(given):
            raise ValueError(f"'python' is {given!r}, wanted file.py:function")
        given = of_function(given)
    return Reward(OfFunction(given), ramp(entry.get("weight", 1.0), "weight"))


def _of_model(entry: Mapping[str, Any], params: dict[str, Any]) -> Reward:
    if params:
        raise ValueError(f"a reward model has no parameter '{next(iter(params))}'")
    return Reward(OfModel(str(entry["reward_model"])), ramp(entry.get("weight", 1.0), "weight"))


_MAKERS = {"probe": _of_probe, "preset": _of_preset, "python": _of_function, "reward_model": _of_model}
