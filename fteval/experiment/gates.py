"""The gates of an experiment on the metrics and slices that there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fteval.errors import UserError, suggest
from fteval.experiment.experiment import Experiment, Rule
from fteval.records import Gate, Metric, RunRecord
from fteval.runs.asking.suite import Suite
from fteval.stats.moves import with_moves


@dataclass(frozen=True, slots=True)
class Measurable:
    """What gates may be on: a probe's metrics, and its samples' slices."""

    metrics: Mapping[str, Metric]
    slices: Sequence[Mapping[str, str]]


def measurable(what: Suite | RunRecord) -> dict[str, Measurable]:
    """probe -> what is measured, of a suite that will be run or of a run that was."""
    if isinstance(what, RunRecord):
        return {p.probe: Measurable({m.name: m for m in with_moves(p.metrics)}, p.slices) for p in what.probes}
    return {p.name: Measurable({m.name: m for m in with_moves(p.probe.metrics)}, p.slices) for p in what.probes}


def resolve_gates(experiment: Experiment, known: Mapping[str, Measurable]) -> tuple[Gate, ...]:
    """The gates in the units of the metrics they are on.

    Raises UserError with every gate on an unknown probe, metric or slice, with a threshold of the wrong unit, or
    without a bound: before a model is loaded, because an hour later is too late.
    """
    if not experiment.gates:
        return ()
    from fteval.stats.evidence import bound_of  # with it comes numpy

    gates: list[Gate] = []
    problems: list[str] = []
    for rule in experiment.gates:
        metric = _metric_of(rule, known, problems)
        if metric is None:
            continue
        try:
            gate = rule.gate(metric)
            bound_of(gate, metric)
            _check_slice(gate, known[gate.probe].slices)
            gates.append(gate)
        except UserError as error:
            fix = f" ({error.fix})" if error.fix else ""
            problems.append(f"{rule.where}: {error.what}{fix}" if rule.where else error.what + fix)
    if problems:
        raise UserError("\n".join(problems), fix="mend the gates; `fteval probes show NAME` lists a probe's metrics")
    return tuple(gates)


def _check_slice(gate: Gate, slices: Sequence[Mapping[str, str]]) -> None:
    """Raises UserError for a slice that none of the probe's samples is in."""
    for key, wanted in (gate.slice or {}).items():
        values = {of_sample[key] for of_sample in slices if key in of_sample}
        if not values:
            keys = {k for of_sample in slices for k in of_sample}
            raise UserError(f"no sample of probe '{gate.probe}' has the slice '{key}'. {suggest(key, keys)}")
        if wanted != "*" and wanted not in values:
            raise UserError(f"no sample of probe '{gate.probe}' has {key} '{wanted}'. {suggest(wanted, values)}")


def _metric_of(rule: Rule, known: Mapping[str, Measurable], problems: list[str]) -> Metric | None:
    where = f"{rule.where}: " if rule.where else ""  # all problems are shown at once, each with its place
    if rule.probe not in known:
        problems.append(f"{where}a gate is on probe '{rule.probe}', which is not run. {suggest(rule.probe, known)}")
        return None
    metrics = known[rule.probe].metrics
    if rule.metric not in metrics:
        problems.append(f"{where}probe '{rule.probe}' has no metric '{rule.metric}'. {suggest(rule.metric, metrics)}")
        return None
    return metrics[rule.metric]
