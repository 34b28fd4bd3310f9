"""When a training is ended, and which of its checkpoints is the best: by the means of looks, as they were measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fteval.errors import UserError
from fteval.records import Gate, Look, Metric
from fteval.stats import units

Metrics = Mapping[str, Sequence[Metric]]
FEWEST = 0.5
"""Share of the samples that the base has a score for; a mean of fewer is another question's answer."""


def metric_of(metrics: Metrics, probe: str, name: str) -> Metric:
    return next(metric for metric in metrics[probe] if metric.name == name)


def broken(rules: Sequence[Gate], base: Look, now: Look, metrics: Metrics) -> str | None:
    """The first rule that a look breaks, in words; None where all are kept. What cannot be judged any more is not
    kept."""
    for rule in rules:
        metric = metric_of(metrics, rule.probe, rule.metric)
        name, value, before = units.gate_name(rule), _value(rule, now), _value(rule, base)
        enough = FEWEST * base.scored[rule.probe][rule.metric]
        if value is None or before is None or now.scored[rule.probe][rule.metric] < enough:
            n, asked = now.scored[rule.probe][rule.metric], base.scored[rule.probe][rule.metric]
            return f"{name} cannot be judged any more: {n} of {asked} answers have a score"
        shown = units.value(value, metric)
        if rule.rule == "max_drop":
            drop = before - value if metric.better == "higher" else value - before
            if drop > rule.threshold:
                verb = "fell" if value < before else "rose"
                return f"{name} {verb} from {units.value(before, metric)} to {shown}, more than {_size(rule, metric)}"
        elif rule.rule == "min" and value < rule.threshold:
            return f"{name} is {shown}, less than {units.threshold(rule, metric)}"
        elif rule.rule == "max" and value > rule.threshold:
            return f"{name} is {shown}, more than {units.threshold(rule, metric)}"
    return None


def check_base(rules: Sequence[Gate], keep_best: tuple[str, str] | None, base: Look, metrics: Metrics) -> None:
    """Raises UserError for a rule that the base itself breaks, or on what nobody can judge: before the first step."""
    asked = [(rule.probe, rule.metric) for rule in rules] + ([keep_best] if keep_best else [])
    for probe, name in asked:
        if not base.scored[probe][name]:
            raise UserError(
                f"watch: {units.name(probe, name)} has no score for any of the base's answers to the dev rows",
                fix="give rows that the probe can judge (`fteval probes show`), or another metric",
            )
    found = broken(rules, base, base, metrics)
    if found:
        raise UserError(f"watch: the base itself breaks stop_if: {found}", fix="set another threshold, or max_drop")


def better(look: Look, than: Look | None, keep_best: tuple[str, str], metrics: Metrics) -> bool:
    """Whether a look is the best one so far; the earlier of two equal ones stays."""
    probe, name = keep_best
    value = look.scores[probe][name]
    if value is None or than is None:
        return value is not None
    best = than.scores[probe][name]
    assert best is not None
    return value > best if metric_of(metrics, probe, name).better == "higher" else value < best


def _value(rule: Gate, look: Look) -> float | None:
    return look.scores[rule.probe][rule.metric]


def _size(rule: Gate, metric: Metric) -> str:
    return units.size(rule.threshold, metric)
