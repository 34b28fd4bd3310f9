"""Trainings that belong together, on a terminal: sentences, then a table and a chart for each metric."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.text import Text

from fteval.reports.escape import one_line
from fteval.reports.terminal import panes
from fteval.reports.view.chart import line as drawn
from fteval.reports.view.series import SeriesTable, SeriesView

NARROWEST, WIDEST = 12, 40
"""Characters of a chart."""


def trainings(v: SeriesView, width: int, fancy: bool) -> Iterator[RenderableType]:
    """The blocks of a series."""
    yield Group(panes.head(v.title), *(Text(one_line(sentence, 600)) for sentence in v.sentences))
    for table in v.tables:
        yield _table(table, width, fancy)
    yield Group(*map(panes.note, v.notes))


def _table(found: SeriesTable, width: int, fancy: bool) -> RenderableType:
    header, rows = found.header, found.rows
    taken = sum(max(cell_len(row[i]) for row in (header, *rows)) + 2 for i in range(len(header)))
    room = max(NARROWEST, min(WIDEST, width - taken))
    grid = panes.table(
        [*header, found.axis.caption(room)], fancy, right=range(1, len(header)), whole=range(len(header) + 1)
    )
    for row, point in zip(rows, found.points, strict=True):
        grid.add_row(*map(panes.text, row), Text(drawn(point, found.axis, room)))
    return Group(panes.head(found.about), grid)
