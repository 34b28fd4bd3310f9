"""The table of changes in a terminal: no name torn, no sign lost, as many columns as its width has room for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from fteval.reports.terminal import panes
from fteval.reports.terminal.panes import line
from fteval.reports.view.rows import MetricRow
from fteval.reports.view.words import SIGNS

COLORS = {"good": "green", "bad": "red", "same": "default", "stopped": "default", "unknown": "yellow"}
GAP = 2
"""Columns between cells."""
_COUNTS = {2: ["scored", "better/\nworse/same"], 1: ["better/worse\nof scored"], 0: []}
"""Headers of the counts, in three breadths."""


def changes(title: str, found: Sequence[MetricRow], width: int, fancy: bool) -> Table:
    """A row per metric with its unit beside its name; the counts are shortened, then left out, where room is short."""
    counts, room = _breadth(found, width)
    names = [named(m.name, m.unit, room) for m in found]
    header = ["", title, "base", "cand.", "difference, 95 %", *_COUNTS[counts]]
    table = panes.table(header, fancy, right=(2, 3, 5, 6), whole=(0, *range(2, len(header))))
    wanted = max(cell_len(part) for name in [title, *names] for part in name.split("\n"))
    table.columns[1].width = max(min(wanted, room), 1)
    for m, name in zip(found, names, strict=True):
        tone = COLORS[m.tone]
        strong = "bold" if m.primary and fancy else ""
        cells = [
            Text(cell, style=style) for cell, style in zip(_numbers(m, counts), ["", "", tone, "", ""], strict=False)
        ]
        table.add_row(Text(SIGNS[m.tone], style=tone), Text(name, style=strong), *cells)
    return table


def _breadth(found: Sequence[MetricRow], width: int) -> tuple[int, int]:
    """How broad the counts are, and the room that leaves for names: shorter counts before broken names."""
    rooms = {n: _room(found, n, width) for n in _COUNTS}
    whole = max((cell_len(named(m.name, m.unit, width)) for m in found), default=0)
    piece = max((cell_len(piece) for m in found for piece in _pieces(m)), default=0)
    fits = [n for least, breadths in ((whole, (2, 1)), (piece, (2, 1, 0))) for n in breadths if rooms[n] >= least]
    chosen = fits[0] if fits else 0
    return chosen, rooms[chosen]


def _pieces(m: MetricRow) -> Iterator[str]:
    """The parts of a name that are never torn: probe, metric, unit. A slice may be."""
    name, *_ = line(m.name).split(" [", 1)
    probe, dot, metric = name.partition(".")
    yield from (probe + dot, metric, line(m.unit))


def named(metric: str, unit_: str, room: int) -> str:
    """On one line with its unit where there is room, else broken where a reader would break it."""
    name, unit = line(metric), f"({line(unit_)})" if unit_ else ""
    whole = f"{name} {unit}".strip()
    if cell_len(whole) <= room:
        return whole
    bare, bracket, where = name.partition(" [")
    lines = [bare if cell_len(bare) <= room else bare.replace(".", ".\n", 1)]
    return "\n".join([*lines, *([f"[{where}"] if bracket else []), *([unit] if unit else [])])


def _room(found: Sequence[MetricRow], counts: int, width: int) -> int:
    """What is left for names beside the sign and the numbers."""
    header = ["base", "cand.", "difference, 95 %", *_COUNTS[counts]]
    rows = [_numbers(m, counts) for m in found]
    columns = [[*header[i].split("\n"), *(row[i] for row in rows)] for i in range(len(header))]
    return width - 1 - sum(max(map(cell_len, column)) for column in columns) - GAP * (len(header) + 1)


def _numbers(m: MetricRow, counts: int) -> list[str]:
    """Base, candidate, difference with interval, and the counts."""
    moved = "(stopped early)" if m.tone == "stopped" else line(m.interval)
    base, candidate, change = map(line, m.bare)
    shown = {2: [line(m.n), m.moves], 1: [f"{m.better}/{m.worse} of {m.n.split(' ')[0]}"], 0: []}[counts]
    return [base, candidate, f"{change} {moved}".strip(), *shown]
