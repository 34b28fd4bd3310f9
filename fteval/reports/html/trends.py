"""The trend over accepted releases as a page: a chart of each metric, and its numbers."""

from __future__ import annotations

from collections.abc import Sequence

from fteval.reports.html import charts, page
from fteval.reports.terminal.history import ANCHORS, HEADER, Trend
from fteval.reports.view.table import TextTable


def trends_page(found: Sequence[Trend]) -> str:
    """One file, as a report is."""
    shown = [(trend, charts.of_trend(trend.name, trend.segments), _table(trend)) for trend in found if trend.segments]
    return page.framed(
        "trends.html",
        page.SCRIPTS,
        title="accepted releases",
        shown=shown,
        anchors=ANCHORS if any(trend.drift for trend in found) else "",
    )


def _table(trend: Trend) -> TextTable:
    rows = (
        (row.when, row.ref, row.value, row.step, "; ".join(filter(None, (row.broken, row.note)))) for row in trend.rows
    )
    return TextTable(f"{trend.name} of {trend.suite}, the newest first", HEADER, tuple(rows))
