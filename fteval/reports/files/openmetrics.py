"""A comparison as OpenMetrics text, which GitLab shows in a merge request beside the numbers of its target branch."""

from __future__ import annotations

import math
from collections.abc import Iterator

from fteval.records import Comparison, MetricChange
from fteval.reports.escape import one_line


def render(comparison: Comparison) -> str:
    """Gauges of base, candidate and difference for every reported metric; what was not measured has no line.

    Labels say candidate, probe and metric only, so that the numbers of two pipelines meet; shares are 0 to 1.
    """
    return "\n".join([*_lines(comparison), "# EOF"]) + "\n"


def _lines(comparison: Comparison) -> Iterator[str]:
    families = {
        "fteval_base": "The metric of the base.",
        "fteval_candidate": "The metric of the candidate.",
        "fteval_difference": "Candidate minus base, over the same samples.",
    }
    for family, help in families.items():
        yield f"# TYPE {family} gauge"
        yield f"# HELP {family} {help}"
        for labels, change in _changes(comparison):
            value = getattr(change, family.removeprefix("fteval_"))
            if value is not None and math.isfinite(value):
                yield f"{family}{{{labels}}} {value!r}"


def _changes(comparison: Comparison) -> Iterator[tuple[str, MetricChange]]:
    """Each metric once: the format forbids two samples with the same labels."""
    seen = set()
    for result in comparison.candidates:
        for change in result.changes:
            said = {"candidate": result.name, "probe": change.probe, "metric": change.metric.name}
            labels = ",".join(f'{key}="{_label(value)}"' for key, value in said.items())
            if change.metric.reported and labels not in seen:
                seen.add(labels)
                yield labels, change


def _label(text: str) -> str:
    return one_line(text, 200).replace("\\", "\\\\").replace('"', '\\"')
