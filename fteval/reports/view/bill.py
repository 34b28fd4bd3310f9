"""The bill of a change: which right answers were lost and which were won, slice by slice, the worst first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fteval.records import CandidateResult, MetricChange
from fteval.reports.view import rows
from fteval.reports.view.table import TextTable
from fteval.reports.view.words import SIGNS
from fteval.stats import units

HEADER = ("samples", "base", "lost (1 → 0)", "won (0 → 1)", "lost leniently", "")
NOTE = (
    "Shares of the samples, with 95 % intervals and the answers counted; of choices less what luck moves: `2 - 1` is "
    "two answers lost, one of which guessing anew would lose."
)


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    kept: MetricChange | None
    lost: MetricChange | None
    won: MetricChange | None
    leniently: MetricChange | None


def tables(result: CandidateResult) -> tuple[TextTable, ...]:
    """A table per probe and slice of which a metric has moves; none for other probes."""
    of_moves = [c for c in result.changes if c.metric.of]
    found = []
    for probe in dict.fromkeys(c.probe for c in of_moves):
        parts = [c for c in result.slices if c.probe == probe and c.metric.of and c.slice]
        for key in dict.fromkeys(key for c in parts for key in (c.slice or {})):
            values = dict.fromkeys(c.slice[key] for c in parts if c.slice and key in c.slice)
            lines = [_line(value, [c for c in parts if c.slice == {key: value}]) for value in values]
            whole = _line("all", [c for c in of_moves if c.probe == probe])
            ordered = [*sorted(lines, key=_worst_first), whole]
            found.append(TextTable(f"The bill of {probe}", (key, *HEADER), tuple(map(_cells, ordered))))
    return tuple(found)


def _line(name: str, of: Sequence[MetricChange]) -> _Line:
    by: Mapping[str, MetricChange] = {c.metric.name: c for c in of}
    leniently = next((c for c in of if c.metric.name.endswith("_lost")), None)
    return _Line(name, by.get("kept"), by.get("lost"), by.get("won"), leniently)


def _worst_first(line: _Line) -> tuple[bool, float]:
    lost = line.lost.difference if line.lost else None
    return lost is None, -(lost or 0.0)


def _cells(line: _Line) -> tuple[str, ...]:
    base, n = (line.kept.base, line.kept.n_paired) if line.kept else (None, 0)
    count = n or (line.won.n_paired if line.won else 0)
    shown = "" if base is None or line.kept is None else units.value(base, line.kept.metric)
    notes = [] if line.lost is None or line.lost.difference is not None else ["nothing to lose"]
    notes += [] if line.won is None or line.won.difference is not None else ["nothing to win"]
    moves = (_moved(c) for c in (line.lost, line.won, line.leniently))
    return (line.name, f"{count:,}", shown, *moves, ", ".join(notes))


def _moved(change: MetricChange | None) -> str:
    """`▼ 12.5 % [4.2, 26.8], 5`, with a sign where it stands out among its slices."""
    if change is None or change.difference is None:
        return "–"
    counts = (change.better, change.worse)
    happened, by_luck = counts if change.metric.better == "higher" else counts[::-1]
    tone = rows.slice_tone(change)
    sign = f"{SIGNS[tone]} " if tone in ("good", "bad") else ""
    counted = f"{happened} - {by_luck}" if by_luck else f"{happened}"
    # Nobody loses less than nothing: below 0 is only luck.
    share, low, high = (None if x is None else max(x, 0.0) for x in (change.difference, change.low, change.high))
    return f"{sign}{units.value(share, change.metric)} {units.level_interval(low, high, change.metric)}, {counted}"
