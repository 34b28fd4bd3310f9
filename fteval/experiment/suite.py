"""The suite of an experiment: its probes, and the samples that they ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fteval import registry
from fteval.errors import NothingToEvaluate, UserError
from fteval.experiment.experiment import Experiment, ProbeUse
from fteval.records import Probe, Sample, WrappingProbe

if TYPE_CHECKING:
    from fteval.runs.asking.suite import Suite


def build_suite(experiment: Experiment) -> Suite:
    """Reads the hold-outs and makes the probes. Raises UserError for what is wrong with them; no model is needed."""
    from fteval.runs.asking import suite

    asked = [experiment.base] if experiment.base else [use.ref for use in experiment.candidates.values()]
    of_nano = all(ref is not None and _is_nano(ref) for ref in asked)
    specs = []
    for use in experiment.probes:
        made = registry.probe(use.probe, use.params, where=use.where)
        specs.append((use.name, made, _samples_of(use, made, of_nano)))
    return suite.build(specs, limit=experiment.limit, name=experiment.suite)


def _samples_of(use: ProbeUse, probe: Probe, of_nano: bool) -> list[Sample] | None:
    """What a probe asks: a file, questions of nano's world, or (None) its own samples.

    nano knows its own world only, so that without a file it is asked about that.
    """
    from fteval.data.read import read_samples

    name = probe.probe if isinstance(probe, WrappingProbe) else use.probe
    if use.data is None and not of_nano:
        return None
    if use.data is None or (registry.is_generated(str(use.data)) and not use.data.exists()):
        from fteval.nano import holdouts

        if use.data is None:
            return holdouts.samples(name)
        n = str(use.data).partition(":")[2]
        found = holdouts.samples(name, int(n) if n else None)
        if found is None:
            raise UserError(f"nano's world has no questions for '{name}'", where=use.where, fix="give a file")
        return found
    rows = read_samples(use.data)
    if not rows:
        raise NothingToEvaluate(f"{use.data} holds no rows", where=use.where, fix="one sample a line")
    return rows


def _is_nano(ref: str) -> bool:
    return ref == "nano" or ref.startswith(("nano+", "ft:nano:"))
