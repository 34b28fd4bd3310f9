"""A config's probe as the experiment uses it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from fteval import registry
from fteval.experiment.experiment import ProbeUse

if TYPE_CHECKING:
    from fteval.config.models import ProbeSpec

JUDGE = "reference"
"""The key that says who judges beside a probe's rules; of `style`, which has a field of this name, it is the corpus."""


def probe_use(name: str, spec: ProbeSpec, data: Path | None = None, limit: int | None = None) -> ProbeUse:
    """The probe under its name, on `data` and at most `limit` samples where it does not say so itself."""
    probe, params, judge = spec.use or name, spec.params, spec.reference
    if judge is not None and _has_field(probe, JUDGE):
        params, judge = {**params, JUDGE: judge}, None
    return ProbeUse(name, probe, params, spec.data or data, spec.where, judge, spec.sampling.given, spec.limit or limit)


def _has_field(probe: str, name: str) -> bool:
    if probe not in registry.probe_names():
        return False  # said elsewhere, with the nearest name
    return any(field.name == name for field in dataclasses.fields(registry.probe_class(probe)))  # type: ignore[arg-type]
