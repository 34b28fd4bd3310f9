"""Trainings that belong together: what each part of the rows came to, and whether fewer would have been enough.

Enough is a part that is shown to be no worse than the last one by more than a margin, in every metric (no correction:
intersection-union), and so are all parts between the two. Parts are tried from the largest down, and the first that is
not shown ends it: a fixed sequence, so that with whatever number of parts a wrong one is named in at most 1 of 40 cases
(Hsu & Berger, Biometrika 86:865, 1999).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from fteval.records import Gate, Member, Metric, ProbeResult, RunRecord, Series, SeriesMetric, SeriesPoint, primary
from fteval.stats import units
from fteval.stats.compare import LEVEL, paired
from fteval.stats.gates import DEFAULT_DROP, expand
from fteval.stats.pairing import Columns, Pairing, metric_of, places
from fteval.stats.trainings import Averaged, averaged
from fteval.stats.trend import level_for

FEWEST = 2
"""Trainings on each part that are needed to know how far trainings differ."""


@dataclass(frozen=True, slots=True)
class _Training:
    """A candidate of a series, each of its probes paired with the base's."""

    name: str
    member: Member
    pairings: Mapping[str, Pairing]


_Turns = dict[int, _Training]
Tables = Mapping[str, Sequence[Mapping[str, Pairing]]]
"""Part -> each of its trainings: probe -> that one paired with the base."""


def series_of(
    base: RunRecord,
    candidates: Sequence[tuple[str, RunRecord]],
    members: Mapping[str, Member],
    gates: Sequence[Gate] = (),
    level: float = LEVEL,
    uncounted: Mapping[str, str] | None = None,
) -> tuple[Series, ...]:
    """The series that these candidates are trainings of; one of which only a single training is here is none.

    `uncounted`: probe -> why it decides nothing, as for one that was trained on.
    """
    found: dict[str, dict[str, _Turns]] = {}
    for name, run in candidates:
        if (member := members.get(name)) is not None:
            turns = found.setdefault(member.series, {}).setdefault(member.part, {})
            turns[member.turn] = _Training(name, member, paired(base, name, run))
    several = (parts for parts in found.values() if sum(map(len, parts.values())) > 1)
    return tuple(_series(base, parts, gates, level, uncounted or {}) for parts in several)


def _series(
    base: RunRecord,
    parts: Mapping[str, _Turns],
    gates: Sequence[Gate],
    level: float,
    uncounted: Mapping[str, str],
) -> Series:
    turns = sorted(set.intersection(*(set(one) for one in parts.values())))
    heads = [next(iter(one.values())).member for one in parts.values()]
    first = heads[0]
    tables = {part: [one[turn].pairings for turn in turns] for part, one in parts.items()}
    uncounted = {**_stopped(tables), **uncounted}
    measured = (_metric(asked, tables, level) for asked in _asked(base.probes, gates, first.margin) if turns)
    metrics = tuple(replace(m, margin=None) if m.probe in uncounted else m for m in measured)
    series = Series(
        name=first.series,
        kind=first.kind,
        parts=tuple(parts),
        rows=tuple(one.rows for one in heads),
        steps=tuple(one.steps for one in heads),
        trainings=len(turns),
        metrics=metrics,
        uncounted=uncounted,
        candidates=tuple(training.name for one in parts.values() for training in one.values()),
        level=level,
    )
    counted = [m for m in metrics if m.margin is not None]
    sure = level_for(level, len(counted)) if counted else level
    series = replace(series, gained=tuple(_gained(counted, tables, sure)))
    return series if first.kind != "sizes" or len(turns) < FEWEST or not counted else _judged(series, counted)


def _stopped(tables: Tables) -> dict[str, str]:
    """Probes of which a training was not asked all: what was asked until then is no fair sample of the rest."""
    pairings = [one for turns in tables.values() for turn in turns for one in turn.items()]
    return {probe: "asking stopped early" for probe, pairing in pairings if pairing.stopped_of is not None}


# --- what is measured -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Asked:
    """A metric, or a slice of it, that is looked at."""

    probe: str
    metric: Metric
    slice: Mapping[str, str] | None
    margin: float | None


def _asked(probes: Sequence[ProbeResult], gates: Sequence[Gate], margin: float | None) -> Iterator[_Asked]:
    """What probes are about and what gates are on, each once."""
    on: dict[tuple[str, str, str], Gate] = {}
    for gate in (one for given in gates if given.anchor is None for one in expand(given, probes)):
        key = gate.probe, gate.metric, str(sorted((gate.slice or {}).items()))
        if key not in on or _binding(gate) > _binding(on[key]):
            on[key] = gate
    for result in probes:
        main = primary(result.metrics)
        gate_on_main = on.pop((result.probe, main.name, "[]"), None)
        yield _asked_of(result, main, gate_on_main, margin)
        for gate in [g for (probe, _, _), g in on.items() if probe == result.probe]:
            yield _asked_of(result, metric_of(result, gate.metric), gate, margin)


def _binding(gate: Gate) -> tuple[bool, bool, float]:
    """Of gates on the same, the largest one says what may be lost: one that decides, on a loss, and the strictest."""
    return not gate.advisory, gate.rule == "max_drop", -gate.threshold


def _asked_of(result: ProbeResult, metric: Metric, gate: Gate | None, margin: float | None) -> _Asked:
    if gate is not None and gate.scale is not None:
        metric = replace(metric, scale=gate.scale)
    allowed: float | None = None
    if metric.unit == "share":
        allowed = margin
    if allowed is None and gate is not None and gate.rule == "max_drop":
        allowed = gate.threshold
    if allowed is None and metric.unit == "share":
        allowed = DEFAULT_DROP
    advisory = gate is not None and gate.advisory
    return _Asked(result.probe, metric, gate.slice if gate else None, None if advisory else allowed)


def _metric(asked: _Asked, tables: Tables, level: float) -> SeriesMetric:
    columns = _columns(asked, tables)
    *others, last = columns
    found = {part: averaged(asked.metric, turns, level) for part, turns in columns.items()}
    gaps = {part: averaged(asked.metric, _between(columns[last], columns[part]), level) for part in others}
    some = found[last]
    points = tuple(_point(part, one, gaps.get(part)) for part, one in found.items())
    return SeriesMetric(asked.probe, asked.metric, asked.slice, some.n, some.base, asked.margin, points)


def _point(part: str, seen: Averaged, gap: Averaged | None) -> SeriesPoint:
    own = SeriesPoint(part, seen.candidate, seen.turns, seen.difference, seen.low, seen.high)
    return own if gap is None else replace(own, gap=gap.difference, gap_low=gap.low, gap_high=gap.high)


def _columns(asked: _Asked, tables: Tables) -> dict[str, list[Columns]]:
    """Part -> the columns of each training, all over the samples that have a place in every one of them."""
    found = {part: [_one(asked, turn[asked.probe]) for turn in turns] for part, turns in tables.items()}
    every = [columns for turns in found.values() for columns in turns]
    common = set.intersection(*(set(columns.ids) for columns in every))
    return {part: [_only(columns, common) for columns in turns] for part, turns in found.items()}


def _one(asked: _Asked, pairing: Pairing) -> Columns:
    return pairing.columns(asked.metric.name, places(pairing.base, asked.slice))


def _only(columns: Columns, ids: set[str]) -> Columns:
    rows = [i for i, one in enumerate(columns.ids) if one in ids]
    sides = (columns.ids, columns.base, columns.candidate, columns.groups)
    return Columns(*([side[i] for i in rows] for side in sides))  # type: ignore[arg-type]  # each keeps its type


def _between(old: Sequence[Columns], new: Sequence[Columns]) -> list[Columns]:
    """Training by training, the candidate's side of one part against that of another."""
    return [Columns(a.ids, a.candidate, b.candidate, a.groups) for a, b in zip(old, new, strict=True)]


# --- what it says ---------------------------------------------------------------------------------


def _gained(counted: Sequence[SeriesMetric], tables: Tables, level: float) -> Iterator[str]:
    """Metrics that are shown to be better than the base's after the last part, each at this level."""
    last = list(tables)[-1]
    for m in counted:
        asked = _Asked(m.probe, m.metric, m.slice, m.margin)
        seen = averaged(m.metric, _columns(asked, {last: tables[last]})[last], level)
        low, _ = units.turned(m.metric, seen.low, seen.high)
        if low is not None and low > 0:
            yield units.name(m.probe, m.metric.name, m.slice)


def _judged(series: Series, counted: Sequence[SeriesMetric]) -> Series:
    """Without a gain there is nothing that so many would be enough for."""
    enough = None
    for place in range(len(series.parts) - 2, -1, -1):
        states = {units.name(m.probe, m.metric.name, m.slice): _state(m, place) for m in counted}
        short = tuple(name for name, state in states.items() if state == "worse")
        unsure = tuple(name for name, state in states.items() if state == "open")
        if short or unsure:
            return replace(series, enough=enough, short=short, unsure=unsure)
        enough = series.parts[place] if series.gained else None
    return replace(series, enough=enough)


def _state(m: SeriesMetric, place: int) -> str:
    """`within` the margin of the last part, `worse` than it by more, or `open`."""
    point = m.points[place]
    low, high = units.turned(m.metric, point.gap_low, point.gap_high)
    if low is None or high is None or m.margin is None:
        return "open"
    return "within" if low > -m.margin else "worse" if high < -m.margin else "open"
