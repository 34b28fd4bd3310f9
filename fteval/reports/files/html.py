"""A result as a page to read and to browse answers in: one file, without a network."""

from __future__ import annotations

from collections.abc import Sequence

from fteval.records import Comparison, Judged, RunRecord, Sheet

ENDING, WHAT = ".html", "a page with answers"
MOST = 2_000
"""Samples whose answers one file shows."""


def render(subject: Comparison | RunRecord, worst: Sequence[Judged] = ()) -> str:
    """The page without answers, for who has none."""
    return render_answers(subject, None)


def render_answers(subject: Comparison | RunRecord, sheet: Sheet | None) -> str:
    """The page, with the answers of a sheet."""
    from fteval.reports.html import page  # templates take a while to load, and other formats need none

    return page.of(subject, sheet)
