"""A result as OpenMetrics text, which GitLab shows in a merge request beside the numbers of its target branch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from fteval.records import Comparison, Judged, RunRecord
from fteval.reports.escape import one_line
from fteval.stats.level import level_of

ENDING, WHAT = ".prom", "OpenMetrics, a gauge per metric"

OF_COMPARISON = {
    "fteval_base": "The metric of the base.",
    "fteval_candidate": "The metric of the candidate.",
    "fteval_difference": "Candidate minus base, over the same samples.",
}
OF_RUN = {"fteval_value": "The metric of the one model that was measured."}


def render(subject: Comparison | RunRecord, worst: Sequence[Judged] = ()) -> str:
    """Gauges of base, candidate and difference for every reported metric, or of a single run's value; what was not
    measured has no line.

    Labels say candidate, probe and metric only, so that the numbers of two pipelines meet; shares are 0 to 1.
    """
    values: dict[tuple[str, str], float | None] = {}
    for key, value in _of_run(subject) if isinstance(subject, RunRecord) else _of_comparison(subject):
        values.setdefault(key, value)
    lines = []
    for family, help in (OF_RUN if isinstance(subject, RunRecord) else OF_COMPARISON).items():
        lines += [f"# TYPE {family} gauge", f"# HELP {family} {help}"]
        for (name, labels), value in values.items():
            if name == family and value is not None and math.isfinite(value):
                lines.append(f"{name}{{{labels}}} {value!r}")
    return "\n".join([*lines, "# EOF"]) + "\n"


Value = tuple[tuple[str, str], float | None]
"""(family, labels) and the number; the format forbids two lines with the same of the former, and the first stands."""


def _of_comparison(comparison: Comparison) -> Iterator[Value]:
    for result in comparison.candidates:
        for change in result.changes:
            labels = _labels(candidate=result.name, probe=change.probe, metric=change.metric.name)
            for family in OF_COMPARISON if change.metric.reported else ():
                yield (family, labels), getattr(change, family.removeprefix("fteval_"))


def _of_run(run: RunRecord) -> Iterator[Value]:
    for probe in run.probes:
        for metric in probe.metrics:
            if metric.reported:
                yield ("fteval_value", _labels(probe=probe.probe, metric=metric.name)), level_of(probe, metric).estimate


def _labels(**named: str) -> str:
    return ",".join(f'{key}="{_label(value)}"' for key, value in named.items())


def _label(text: str) -> str:
    return one_line(text, 200).replace("\\", "\\\\").replace('"', '\\"')
