"""The line of an accepted run in its suite's history: its numbers, and the difference to what it replaces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from fteval.errors import Incomplete
from fteval.records import AnchorPoint, Baseline, MetricChange, Point, ProbeResult, Release, RunRecord, Step
from fteval.releases import baseline_file
from fteval.releases.places import anchors, baseline_path
from fteval.releases.shift import moved
from fteval.stats.change import change_of
from fteval.stats.level import level_of
from fteval.stats.pairing import pair
from fteval.stats.trend import PLANNED, level_for


def with_line(releases: Sequence[Release], made: Baseline, run: RunRecord, folder: Path) -> list[Release]:
    """The history with the line of a run that is accepted now; accepted again, it keeps the line that it has."""
    of_kind = [r for r in releases if (r.anchor is None) == (made.anchor is None)]
    again = of_kind[-1] if of_kind and of_kind[-1].run == run.id and of_kind[-1].anchor == made.anchor else None
    if made.anchor is not None:
        line = _release(made, run, None, {})
    else:
        old, unreadable = _replaced(folder, made.suite)
        if again is not None and (old is None or old.run == run.id):
            return [*releases]
        if old is None and of_kind and unreadable is None:
            unreadable = "the one before is gone"
        line = _release(made, run, old, {p.probe: unreadable for p in run.probes} if unreadable else {})
        line = replace(line, anchored=tuple(_anchored(run, folder, made.suite)))
    return [*(r for r in releases if r is not again), line]


def _replaced(folder: Path, suite: str) -> tuple[Baseline | None, str | None]:
    """The baseline that is to be replaced, or why it could not be read: a damaged one must not stand in the way."""
    path = baseline_path(folder, suite)
    if not path.is_file():
        return None, None
    try:
        return baseline_file.read(path), None
    except Incomplete:
        return None, "the one before was damaged"


def _release(made: Baseline, run: RunRecord, old: Baseline | None, breaks: Mapping[str, str]) -> Release:
    before = {p.probe: p for p in old.probes} if old else {}
    found = dict(breaks)
    for p in run.probes if old else ():
        reason = moved(before[p.probe], p).reason if p.probe in before else "suite changed (the probe is new)"
        if reason:
            found[p.probe] = reason
    comparable = {name: p for name, p in before.items() if name not in found}
    return Release(
        time=made.accepted,
        run=made.run,
        ref=made.ref,
        model=made.digest,
        suite=made.suite_digest,
        probes={p.probe: p.digest for p in run.probes},
        fteval=made.fteval,
        points=tuple(point for p in run.probes for point in _points(p, comparable.get(p.probe))),
        replaced=old.run if old else None,
        breaks=found,
        forced=made.reason,
        anchor=made.anchor,
    )


def _points(new: ProbeResult, old: ProbeResult | None) -> Iterable[Point]:
    steps = {c.metric.name: _step(c, 0.95) for c in changes(old, new)} if old else {}
    for metric in new.metrics:
        if metric.reported:
            level = level_of(new, metric)
            step = steps.get(metric.name)
            yield Point(new.probe, metric, level.estimate, level.low, level.high, level.n, step)


def _anchored(run: RunRecord, folder: Path, suite: str) -> Iterable[AnchorPoint]:
    """The run against every anchor of its suite, at a level that holds over all releases planned for an anchor."""
    level = level_for(0.95, PLANNED)
    for path in anchors(folder, suite):
        anchor = baseline_file.read(path)
        before = {p.probe: p for p in anchor.probes}
        for p in run.probes:
            if p.probe in before and moved(before[p.probe], p).reason is None:
                for c in changes(before[p.probe], p, level):
                    name = str(anchor.anchor)
                    yield AnchorPoint(name, anchor.run, p.probe, c.metric, _step(c, level))


def changes(old: ProbeResult, new: ProbeResult, level: float = 0.95) -> Iterator[MetricChange]:
    """Every reported metric, paired sample by sample. Raises UserError for results that cannot be paired."""
    pairing = pair(old, new)
    return (change_of(pairing, metric, level) for metric in old.metrics if metric.reported)


def _step(change: MetricChange, level: float) -> Step:

    return Step(change.difference, change.low, change.high, level, change.n_paired)
