"""The forest plot as a picture of lines: gates and headlines with their intervals, and all of it in words."""

from __future__ import annotations

from collections.abc import Sequence

from fteval.records import Comparison, Judged, RunRecord

ENDING, WHAT = ".svg", "the forest plot"


def render(subject: Comparison | RunRecord, worst: Sequence[Judged] = ()) -> str:
    """The plot of a run, or of the candidate that the verdict is about."""
    from fteval.reports.html import plot  # it takes a while to load
    from fteval.reports.view import view

    if isinstance(subject, RunRecord):
        return plot.of_run(subject)
    return plot.of_comparison(subject, view.best_of(subject))
