"""What is watched of a training, checked before a model is loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fteval import registry
from fteval.errors import UserError, suggest
from fteval.experiment.experiment import Experiment, Named, ProbeUse, WatchUse
from fteval.experiment.gates import Measurable, measurable
from fteval.experiment.suite import build_suite
from fteval.experiment.uses import probe_use
from fteval.records import Metric, Sampling
from fteval.runs.asking.suite import Suite
from fteval.trainers.making.overlap import prompt_digest
from fteval.trainers.watching.watch import Watched

if TYPE_CHECKING:
    from fteval.config.models import WatchSpec


def watched(use: WatchUse) -> Watched:
    """The watch with its dev samples. Raises UserError for rows that are not there and names that nobody knows."""
    for probe in use.probes:
        _check_rows(probe, use)
    suite = build_suite(Experiment(probes=use.probes))
    known = measurable(suite)
    rules = tuple(rule.gate(_metric(rule, known, "stop_if")) for rule in use.stop_if)
    best = use.keep_best
    if best is not None:
        _metric(best, known, "keep_best")
    return Watched(suite, use.sampling, use.every, rules, None if best is None else (best.probe, best.metric))


def watch_use(spec: WatchSpec, sampling: Sampling) -> WatchUse:
    """What a config says of watching, its answers drawn as in the run where nothing else is said."""
    probes = [probe_use(name, probe, spec.data, spec.limit) for name, probe in spec.probes.items()]
    drawn = replace(sampling, **spec.sampling.given)
    rules = tuple(spec.stop_if)
    return WatchUse(tuple(probes), spec.every, drawn, rules, spec.keep_best, spec.where)


def watch_of(settings: Mapping[str, Any]) -> WatchUse:
    """A watch from the keys that `watch:` has in fteval.yaml, or with a list of names as its `probes`."""
    from pydantic import ValidationError

    from fteval.config.models import WatchSpec

    given, probes = dict(settings), settings.get("probes")
    if isinstance(probes, list | tuple):
        given["probes"] = {name: {} for name in probes}
    try:
        return watch_use(WatchSpec.model_validate(given), Sampling())
    except ValidationError as error:
        found = [(".".join(map(str, one["loc"])), one["msg"].removeprefix("Value error, ")) for one in error.errors()]
        raise UserError("\n".join(f"watch: {place}: {what}" for place, what in found)) from None


def overlapping(use: WatchUse, suite: Suite) -> Iterator[str]:
    """In words, hold-out prompts of a suite that are looked at in training."""
    looked_at = {prompt_digest(s.messages) for p in watched(use).suite.probes for s in p.samples}
    for probe in suite.probes:
        same = [s.id for s in probe.samples if prompt_digest(s.messages) in looked_at]
        if same:
            yield shared(probe.name, same, len(probe.samples))


def shared(probe: str, ids: list[str], asked: int) -> str:
    """`12 of 64 hold-out prompts of 'lipogram' are dev prompts of the training …`"""
    return (
        f"{len(ids)} of {asked} hold-out prompts of '{probe}' are dev prompts of the training (first: {ids[0]}): what"
        " is chosen by looking at them is not judged by them independently"
    )


def _check_rows(probe: ProbeUse, use: WatchUse) -> None:
    where = probe.where or use.where
    if probe.data is None:
        raise UserError(
            f"watch: probe '{probe.name}' has no dev rows",
            where=where,
            fix="data: FILE.jsonl, under watch or the probe",
        )
    if registry.is_generated(str(probe.data)) and not probe.data.exists():
        raise UserError(
            f"watch: 'data: {probe.data}' is what nano's hold-outs are made of",
            where=where,
            fix="write dev rows into a file of their own",
        )
    if probe.reference not in (None, "base"):
        raise UserError(f"watch: probe '{probe.name}' is judged by the base, and by nobody else", where=where)


def _metric(named: Named, known: Mapping[str, Measurable], key: str) -> Metric:
    if named.probe not in known:
        what = f"watch: {key} is on probe '{named.probe}', which does not watch. {suggest(named.probe, known)}"
        raise UserError(what, where=named.where)
    metrics = known[named.probe].metrics
    if named.metric not in metrics:
        what = f"watch: {key}: probe '{named.probe}' has no metric '{named.metric}'. {suggest(named.metric, metrics)}"
        raise UserError(what, where=named.where)
    return metrics[named.metric]
