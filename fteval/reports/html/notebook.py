"""A result as a piece of HTML that a notebook shows under a cell: the verdict, its gates, the metrics that moved.

Nothing is fetched and nothing runs. All rules of its style begin with its own class, so that the notebook's page stays
as it is; light or dark is as the notebook says.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from markupsafe import Markup

from fteval.records import Comparison, RunRecord
from fteval.reports.html import page
from fteval.reports.view import run_view, view, words

MOST = 12
"""Metrics and gates that are listed; `report` has all."""


def of(subject: Comparison | RunRecord) -> str:
    """The piece of HTML."""
    if isinstance(subject, RunRecord):
        seen = run_view.of_run(subject)
        shown = [row for row in seen.metrics if row.primary] or list(seen.metrics)
        return _piece("notebook_run.html", v=seen, metrics=shown[:MOST], more=len(seen.metrics) - len(shown[:MOST]))
    found = view.of_comparison(subject)
    chosen = found.chosen
    moved = [row for row in chosen.metrics if row.primary or row.tone in ("good", "bad")][:MOST]
    return _piece(
        "notebook_comparison.html",
        v=found,
        chosen=chosen,
        gates=chosen.gates[:MOST],
        metrics=moved,
        more=len(chosen.gates) - len(chosen.gates[:MOST]) + len(chosen.metrics) - len(moved),
        others=[one for one in found.candidates if one is not chosen][:MOST],
        warnings=view.gravest_first([*found.warnings, *chosen.warnings]),
    )


def _piece(template: str, **shown: object) -> str:
    return page.rendered(template, style=_style(), titles=page.TITLES, results=page.RESULTS, words=words, **shown)


@cache
def _style() -> Markup:
    return Markup((Path(__file__).parent / "notebook.css").read_text("utf-8"))
