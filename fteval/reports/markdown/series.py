"""Trainings that belong together, as markdown: sentences, a chart in a fence, and the numbers as tables."""

from __future__ import annotations

from fteval.reports.escape import fence, inline
from fteval.reports.markdown import blocks
from fteval.reports.view.chart import line
from fteval.reports.view.series import SeriesTable, SeriesView

WIDTH = 48
"""Characters of a chart."""


def trainings(v: SeriesView) -> str:
    """All of a series."""
    said = [f"**{inline(sentence, 1000)}**" for sentence in v.sentences[:1]] + [
        inline(sentence, 1000) for sentence in v.sentences[1:]
    ]
    charts = fence("\n\n".join(_chart(table) for table in v.tables))
    numbers = blocks.joined([_numbers(table) for table in v.tables])
    notes = "\n".join(f"- {inline(note, 500)}" for note in v.notes)
    return blocks.joined([f"#### {inline(v.title)}", *said, charts, notes, blocks.details("Its numbers", numbers)])


def _chart(found: SeriesTable) -> str:
    wide = max(len(row[0]) for row in found.rows)
    level = max(len(row[1]) for row in found.rows)
    lines = [
        f"{row[0]:>{wide}}  {row[1]:>{level}}  {line(point, found.axis, WIDTH)}".rstrip()
        for row, point in zip(found.rows, found.points, strict=True)
    ]
    head = " " * (wide + level + 4) + found.axis.caption(WIDTH)
    return "\n".join([found.about, head, *lines])


def _numbers(found: SeriesTable) -> str:
    rows = [[inline(cell) for cell in row] for row in found.rows]
    align = "l" + "r" * (len(found.header) - 1)
    return blocks.joined([inline(found.about), blocks.table([*map(inline, found.header)], align, rows)])
