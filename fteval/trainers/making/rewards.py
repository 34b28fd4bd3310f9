"""Rewards: what a probe, a published rule or a function of the user's says of an answer, as a number to raise.

    lipogram.compliant                                     a probe's metric; without one, the probe's primary metric
    {probe: laziness, metric: long_enough, weight: 0.5, min_words: {from: 2, to: 12, over: 60%}}
    published_naive                                        a rule that was published, by its name (presets.py)
    {python: mine.py:close, weight: 2}                     a function as TRL's rewards are, where code is allowed
    aboutness, surprise                                    what the base makes of it (read_by_base.py)
    {reward_model: ft:nano:local:liked:3f9a1c20}           a model that was trained to score answers

A share counts from 0 to 1 and any other metric by its scale, where it has one. What a probe calls better when it is
lower counts with a weight of -1. Weights and parameters may ramp. An answer that a reward cannot judge (None) has no
reward: it is neither learnt nor unlearnt, and counted. Else the answers that nobody can judge would be the best ones
wherever rewards punish. Of a metric that means something for some rows only, None counts as 0 where it is None for
every answer to the row.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fteval import registry
from fteval.errors import UserError, suggest
from fteval.evals.find.own import OwnScorer, is_named, of_function
from fteval.records import (
    ComparingProbe,
    FittedProbe,
    JudgedProbe,
    Sample,
    Site,
    VaryingProbe,
    WrappingProbe,
    asks_base,
)
from fteval.trainers.making import presets
from fteval.trainers.making.base import Base
from fteval.trainers.making.ramp import Ramp, at, is_ramp, ramp
from fteval.trainers.making.read_by_base import READINGS, OfBase
from fteval.trainers.making.reward_models import OfModel
from fteval.trainers.making.sources import Answers, OfFunction, OfPreset, OfProbe, Source

SOURCES = ("probe", "preset", "python", "reward_model", "reading")


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

    def fitted(self, samples: Sequence[Sample], site: Site, base: Base) -> Reward:
        """The same for these prompts. Raises UserError where it cannot judge answers to them, or would raise the
        worse."""
        source = self.source.fitted(samples, site, base)
        if isinstance(source, OfProbe):
            _check_sign(source, self.weight)
        return Reward(source, self.weight)

    def values(self, answers: Answers) -> list[float | None]:
        """A number for each answer, not weighted yet. Raises UserError for a source that fails or gives no numbers."""
        try:
            found = list(self.source.values(answers))
        except UserError:
            raise
        except (Exception, SystemExit) as error:  # anybody's code
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
        entry = _named(entry)
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


def _named(text: str) -> dict[str, Any]:
    """A reward that is said in a word. Raises ValueError for one that is none."""
    name, _, metric = text.partition(".")
    if is_named(text):
        return {"python": text}
    if text in presets.PRESETS or text in READINGS:
        return {"preset" if text in presets.PRESETS else "reading": text}
    if name not in (known := registry.probe_names()):
        raise ValueError(f"no reward '{name}'. {suggest(name, [*known, *presets.PRESETS, *READINGS])}")
    return {"probe": name, **({"metric": metric} if metric else {})}


def _of_probe(entry: Mapping[str, Any], params: dict[str, Any]) -> Reward:
    source = OfProbe(str(entry["probe"]), entry.get("metric"), params)
    ends = [source.at(0.0), source.at(1.0)]
    if isinstance(ends[0], ComparingProbe | WrappingProbe | VaryingProbe):
        raise ValueError(f"the probe '{source.probe}' judges more than one answer to a prompt: it cannot be a reward")
    judged = isinstance(ends[0], JudgedProbe) and (ends[0].judge or getattr(ends[0], "needs_judge", False))
    if judged or asks_base(ends[0]):
        raise ValueError(f"the probe '{source.probe}' asks another model about each answer: it cannot be a reward")
    if isinstance(ends[0], FittedProbe) and source.metric:
        return Reward(source, ramp(entry.get("weight", 1.0), "weight"))  # its metrics are known with its rows
    metric = source.judged
    weight = ramp(entry.get("weight", -1.0 if metric.better == "lower" else 1.0), "weight")
    _check_sign(source, weight)
    return Reward(source, weight)


def _check_sign(source: OfProbe, weight: Ramp) -> None:
    metric = source.judged
    if metric.better == "lower" and max(weight.start, weight.end) > 0:
        raise UserError(f"a weight above 0 would raise {source.name}, of which less is better: write it with a minus")
    if metric.better == "higher" and min(weight.start, weight.end) < 0:
        raise UserError(f"a weight below 0 would lower {source.name}, of which more is better")


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


def _of_base(entry: Mapping[str, Any], params: dict[str, Any]) -> Reward:
    name = str(entry["reading"])
    if name not in READINGS:
        raise ValueError(f"no reading '{name}'. {suggest(name, READINGS)}")
    if params:
        raise ValueError(f"{name} has no parameter '{next(iter(params))}'")
    return Reward(OfBase(name), ramp(entry.get("weight", READINGS[name]), "weight"))


_MAKERS = {
    "reading": _of_base,
    "probe": _of_probe,
    "preset": _of_preset,
    "python": _of_function,
    "reward_model": _of_model,
}
