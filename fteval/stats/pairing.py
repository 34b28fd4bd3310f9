"""One probe of two runs, paired sample by sample: same id and same content, or an error that says what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fteval.errors import UserError, suggest
from fteval.records import Metric, ProbeResult, Sequential, variants_that_count
from fteval.records.columns import Kinds
from fteval.stats import moves


@dataclass(frozen=True, slots=True)
class Columns:
    """One metric's scores on both sides, sample by sample."""

    ids: Sequence[str]
    base: Sequence[float | None]
    candidate: Sequence[float | None]
    groups: Sequence[str | None]

    def turned(self) -> Columns:
        """Sides exchanged, so that a fall counts as a gain."""
        return Columns(self.ids, self.candidate, self.base, self.groups)


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two results of one probe over the same samples."""

    base: ProbeResult
    candidate: ProbeResult
    partner: Sequence[int | None]
    """Where the candidate has the base's n-th sample; None where it was not asked, because asking stopped early."""
    sequential: Sequential | None = None

    @property
    def stopped_of(self) -> int | None:
        """Samples that were planned, where asking stopped before all of them."""
        planned = self.sequential.planned if self.sequential else 0
        if not planned:
            return None
        return planned if planned > sum(j is not None for j in self.partner) else None

    def columns(self, metric: str, places: Sequence[int] | None = None) -> Columns:
        """A metric's columns at some places of the base, at all by default; what is not paired is left out.

        So is what a partial metric has no score for in any answer of either side, what one side need not be asked, and
        everything where the base is at its edge.
        """
        old, new = self.base.scores[metric], self.candidate.scores[metric]
        of = metric_of(self.base, metric)
        if places is None and self.in_step and not of.partial and of.given is None and of.of is None:
            return Columns(self.base.sample_ids, old, new, self.base.groups)
        counting = self._counting(of)
        ours, theirs = (frozenset(side.partly.get(metric, ())) for side in (self.base, self.candidate))

        def means_nothing(i: int, j: int) -> bool:
            open_ = of.partial and old[i] is None and new[j] is None and i not in ours and j not in theirs
            return open_ or (counting is not None and self.base.sample_ids[i] not in counting)

        chosen = range(len(self.partner)) if places is None else places
        chosen = () if self.edge(of, chosen) else chosen
        rows = [(i, j) for i in chosen if (j := self.partner[i]) is not None and not means_nothing(i, j)]
        return Columns(
            ids=[self.base.sample_ids[i] for i, _ in rows],
            base=[old[i] for i, _ in rows],
            candidate=[new[j] for _, j in rows],
            groups=[self.base.groups[i] for i, _ in rows],
        )

    @property
    def in_step(self) -> bool:
        """Whether both sides have the same samples in the same order."""
        return isinstance(self.partner, range)

    def edge(self, metric: Metric, places: Sequence[int]) -> str | None:
        """Why the base leaves nothing to be lost (or won) at these places, for a metric of moves."""
        return moves.edge(metric, self.base, [i for i in places if self.partner[i] is not None])

    def _counting(self, metric: Metric) -> frozenset[str] | None:
        """What both sides may be asked for; None for everything."""
        if metric.given is None:
            return None
        sides = (self.base, self.candidate)
        return frozenset.intersection(*(variants_that_count(s.sample_ids, s.scores[metric.given]) for s in sides))


def pair(base: ProbeResult, candidate: ProbeResult) -> Pairing:
    """Pairs by sample id and content. Raises UserError naming what differs: probe, samples or their content.

    Where one side stopped early, what both were asked is paired; nothing else may be missing.
    """
    if base.digest != candidate.digest:
        raise UserError(
            f"probe '{base.probe}' is not the same in both runs: version, parameters or scorers differ",
            where=f"{base.digest[:19]} and {candidate.digest[:19]}",
            fix="run both models with the same probe; runs of another version are measured anew by `fteval run`",
        )
    sequential = _sequential(base, candidate)
    if _in_step(base, candidate):
        partner = range(len(base.sample_ids))
        return Pairing(*moves.moved(base, candidate, partner), partner, sequential)
    at = {sample: row for row, sample in enumerate(candidate.sample_ids)}
    known = {sample: row for row, sample in enumerate(base.sample_ids)}
    short = candidate.stopped_of is not None, base.stopped_of is not None
    problems = [
        "" if short[0] else _some("only in the base's run", [s for s in base.sample_ids if s not in at]),
        "" if short[1] else _some("only in the candidate's run", [s for s in candidate.sample_ids if s not in known]),
        _some(
            "with the same id but another content",
            [
                s
                for s, content in zip(base.sample_ids, base.sample_digests, strict=True)
                if s in at and candidate.sample_digests[at[s]] != content
            ],
        ),
        _some(
            "in another group",
            [s for s, g in zip(base.sample_ids, base.groups, strict=True) if s in at and candidate.groups[at[s]] != g],
        ),
        _some("twice in the base's run", [s for i, s in enumerate(base.sample_ids) if known[s] != i]),
        _some("twice in the candidate's run", [s for i, s in enumerate(candidate.sample_ids) if at[s] != i]),
    ]
    if any(problems):
        raise UserError(
            f"the runs did not answer the same samples of probe '{base.probe}': {'; '.join(p for p in problems if p)}",
            fix="run base and candidate on the same hold-out and with the same --limit",
        )
    partners = tuple(at.get(s) for s in base.sample_ids)
    return Pairing(*moves.moved(base, candidate, partners), partners, sequential)


def _in_step(base: ProbeResult, candidate: ProbeResult) -> bool:
    """Whether both are of the same samples in the same order, each once: then nothing has to be looked up."""
    alike = base.sample_ids == candidate.sample_ids and base.sample_digests == candidate.sample_digests
    if not alike or base.groups != candidate.groups:
        return False
    hashes = np.fromiter(map(hash, base.sample_ids), np.int64, len(base.sample_ids))
    return len(np.unique(hashes)) == len(hashes)


def _sequential(base: ProbeResult, candidate: ProbeResult) -> Sequential | None:
    """How both were asked. A base that was asked everything (a baseline, an earlier run) fits any order."""
    both = [side.sequential for side in (candidate, base) if side.sequential is not None]
    if len(both) == 2 and both[0] != both[1] and (candidate.stopped_of or base.stopped_of):
        raise UserError(
            f"probe '{base.probe}' was asked in another order in each run, and one of them stopped early",
            fix="run both without --sequential, or both anew with it",
        )
    return both[0] if both else None


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


def places(result: ProbeResult, slice: Mapping[str, str] | None, where: str | None = None) -> list[int] | None:
    """Rows that are in a slice, None for all of them; empty where asking stopped before the first one.

    Raises UserError for a slice that no sample is in.
    """
    if not slice:
        return None
    found = [i for i, s in enumerate(result.slices) if inside(s, slice)]
    if not found and not any(inside(s, slice) for s in kinds(result)):
        raise UserError(_why_empty(result, slice), where=where)
    return found


def inside(slices: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether a sample with these slices is in the wanted one."""
    return all(slices.get(key) == value for key, value in wanted.items())


def kinds(result: ProbeResult) -> tuple[Mapping[str, str], ...]:
    """The slices of the samples, also of those that were planned and not asked (yet)."""
    return (*result.slices, *(result.sequential.slices if result.sequential else ()))


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
    if isinstance(result.slices, Kinds) and not any(result.slices.values):
        return found  # as in most files: no sample is in a slice
    for row, slices in enumerate(result.slices):
        for key, value in slices.items():
            found.setdefault(key, {}).setdefault(value, []).append(row)
    return found
