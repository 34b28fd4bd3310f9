"""One probe of two runs, paired sample by sample, and how one of its metrics changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fteval.errors import UserError
from fteval.records import Metric, MetricChange, ProbeResult
from fteval.registry import suggest
from fteval.stats.paired import Difference, difference

Column = list[float | None]


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two results of one probe over the same samples; `rows` says where the candidate has the base's n-th sample."""

    base: ProbeResult
    candidate: ProbeResult
    rows: tuple[int, ...]

    def columns(self, metric: str, places: Sequence[int]) -> tuple[Column, Column, list[str | None]]:
        """Base scores, candidate scores and groups at some places of the base's order."""
        old, new = self.base.scores[metric], self.candidate.scores[metric]
        return [old[i] for i in places], [new[self.rows[i]] for i in places], [self.base.groups[i] for i in places]


def pair(base: ProbeResult, candidate: ProbeResult) -> Pairing:
    """Pairs by sample id and content. Raises UserError naming what differs: probe, samples or their content."""
    if base.digest != candidate.digest:
        raise UserError(
            f"probe '{base.probe}' is not the same in both runs: version, parameters or scorers differ",
            where=f"{base.digest[:19]} and {candidate.digest[:19]}",
            fix="run both models with the same probe; runs of another version are measured anew by `fteval run`",
        )
    at = {sample: row for row, sample in enumerate(candidate.sample_ids)}
    known = set(base.sample_ids)
    problems = [
        _some("only in the base's run", [s for s in base.sample_ids if s not in at]),
        _some("only in the candidate's run", [s for s in candidate.sample_ids if s not in known]),
        _some(
            "with the same id but another content",
            [
                s
                for s, content in zip(base.sample_ids, base.sample_digests, strict=True)
                if s in at and candidate.sample_digests[at[s]] != content
            ],
        ),
    ]
    if any(problems):
        raise UserError(
            f"the runs did not answer the same samples of probe '{base.probe}': {'; '.join(p for p in problems if p)}",
            fix="run base and candidate on the same hold-out and with the same --limit",
        )
    return Pairing(base, candidate, tuple(at[s] for s in base.sample_ids))


def _some(what: str, ids: list[str]) -> str:
    more = ", …" if len(ids) > 5 else ""
    return f"{len(ids)} {what} ({', '.join(ids[:5])}{more})" if ids else ""


def metric_of(result: ProbeResult, name: str, where: str | None = None) -> Metric:
    """A probe's metric by name. Raises UserError with the nearest name."""
    for metric in result.metrics:
        if metric.name == name:
            return metric
    known = [m.name for m in result.metrics]
    raise UserError(f"probe '{result.probe}' has no metric '{name}'. {suggest(name, known)}", where=where)


def places(result: ProbeResult, slice: Mapping[str, str] | None, where: str | None = None) -> list[int]:
    """Rows that are in a slice, all of them for None. Raises UserError for a slice that no sample is in."""
    if not slice:
        return list(range(len(result.sample_ids)))
    found = [i for i, s in enumerate(result.slices) if all(s.get(k) == v for k, v in slice.items())]
    if not found:
        raise UserError(_why_empty(result, slice), where=where)
    return found


def _why_empty(result: ProbeResult, slice: Mapping[str, str]) -> str:
    known = slice_values(result)
    nobody = f"no sample of probe '{result.probe}'"
    for key, wanted in slice.items():
        if key not in known:
            return f"{nobody} has the slice '{key}'. {suggest(key, known)}"
        if wanted not in known[key]:
            return f"{nobody} has {key} '{wanted}'. {suggest(wanted, known[key])}"
    return f"{nobody} has {' and '.join(f'{k} {v!r}' for k, v in slice.items())} together"


def slice_values(result: ProbeResult) -> dict[str, dict[str, list[int]]]:
    """slice -> value -> the rows that have it, in order of appearance; one pass, because a run may have many rows."""
    found: dict[str, dict[str, list[int]]] = {}
    for row, slices in enumerate(result.slices):
        for key, value in slices.items():
            found.setdefault(key, {}).setdefault(value, []).append(row)
    return found


def measure(metric: Metric, columns: tuple[Column, Column, list[str | None]], level: float = 0.95) -> Difference:
    """The paired difference of one metric, bounded by 1 where it is a share."""
    old, new, groups = columns
    return difference(old, new, groups, level, better=metric.better, scale=1.0 if metric.unit == "share" else None)


def change_of(pairing: Pairing, metric: Metric, level: float = 0.95) -> MetricChange:
    """One metric, base against candidate; `scored` counts samples that have a score on both sides."""
    rows = range(len(pairing.rows))
    return as_change(pairing, metric, None, measure(metric, pairing.columns(metric.name, rows), level))


def changes_by_slice(pairing: Pairing, metric: Metric, most: int, level: float = 0.95) -> list[MetricChange]:
    """One metric in every slice that has 2 to `most` values."""
    return [
        as_change(pairing, metric, {key: value}, measure(metric, pairing.columns(metric.name, rows), level))
        for key, values in slice_values(pairing.base).items()
        if 1 < len(values) <= most
        for value, rows in values.items()
    ]


def as_change(pairing: Pairing, metric: Metric, slice: Mapping[str, str] | None, found: Difference) -> MetricChange:
    """A difference with the counts of what it leaves out."""
    sides = (pairing.base, pairing.candidate)
    errors = sum(side.errors for side in sides)
    unscored = sum(side.unscored.get(metric.name, 0) for side in sides)
    if slice or not errors + unscored:
        # Errors are counted per probe, not per sample: within a slice what is missing is an error where there are any,
        # and what nobody counted is at least unjudged.
        errors, unscored = (found.missing, 0) if errors else (0, found.missing)
    return MetricChange(
        probe=pairing.base.probe,
        metric=metric,
        base=found.base,
        candidate=found.candidate,
        difference=found.estimate,
        low=found.low,
        high=found.high,
        n_paired=found.n,
        better=found.better,
        worse=found.worse,
        planned=found.n + found.missing,
        scored=found.n,
        errors=errors,
        unscored=unscored,
        slice=slice,
        n_groups=found.groups if found.groups != found.n else None,
        sd=found.sd,
    )
