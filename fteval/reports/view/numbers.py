"""What trackers of experiments keep of a result: numbers and tags, a set for each model that was judged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from fteval.records import CandidateResult, Comparison, RunRecord
from fteval.stats.level import level_of
from fteval.version import __version__


@dataclass(frozen=True, slots=True)
class Numbers:
    """Of one candidate, or of the one model that was measured."""

    name: str
    values: Mapping[str, float]
    """`PROBE.METRIC`, and with `.base`, `.difference`, `.low`, `.high`, `.n`; shares are 0 to 1."""
    tags: Mapping[str, str]


def of(subject: Comparison | RunRecord) -> list[Numbers]:
    """What is not known has no number."""
    if isinstance(subject, RunRecord):
        return [Numbers(subject.ref, _known(_levels(subject)), _tags(subject))]
    return [Numbers(c.name, _known(_changes(c)), _judged(subject, c)) for c in subject.candidates]


def _changes(result: CandidateResult) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for change in result.changes:
        name = f"{change.probe}.{change.metric.name}"
        if change.metric.reported:
            parts = {part: getattr(change, part) for part in ("base", "difference", "low", "high")}
            found |= {name: change.candidate, **{f"{name}.{part}": value for part, value in parts.items()}}
            found[f"{name}.n"] = change.n_paired
    return found


def _levels(run: RunRecord) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for probe in run.probes:
        for metric in probe.metrics:
            if metric.reported:
                level, name = level_of(probe, metric), f"{probe.probe}.{metric.name}"
                found |= {name: level.estimate, f"{name}.low": level.low, f"{name}.high": level.high}
                found[f"{name}.n"] = level.n
    return found


def _judged(comparison: Comparison, result: CandidateResult) -> dict[str, str]:
    base = comparison.base
    return {
        **_tags(result.run),
        "fteval.verdict": result.verdict,
        "fteval.reason": result.reason,
        "fteval.comparison": comparison.id,
        "fteval.base": base.ref,
        "fteval.base_digest": base.digest,
    }


def _tags(run: RunRecord) -> dict[str, str]:
    suite = str(run.manifest.get("plan", {}).get("suite", ""))
    tags = {"version": __version__, "model": run.ref, "digest": run.digest, "run": run.id, "suite": suite}
    return {f"fteval.{name}": value for name, value in tags.items() if value}


def _known(values: Mapping[str, float | None]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items() if value is not None and math.isfinite(value)}
