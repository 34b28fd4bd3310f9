"""A list of results, each with its verdict, as the way to their pages."""

from __future__ import annotations

from collections.abc import Sequence

from fteval.records import Comparison, RunRecord
from fteval.reports.html import page
from fteval.reports.view import view


def results_page(subjects: Sequence[Comparison | RunRecord]) -> str:
    """The page; a result's own lies in a folder of its id."""
    return page.framed("results.html", page.SERVED, title="results", found=[_said(one) for one in subjects])


def _said(subject: Comparison | RunRecord) -> dict[str, str]:
    if isinstance(subject, RunRecord):
        reason = "one model, and nothing to compare it with"
        return {"id": subject.id, "word": "measured", "name": subject.ref, "reason": reason}
    best = view.best_of(subject)
    return {"id": subject.id, "word": best.verdict, "name": best.name, "reason": best.reason}
