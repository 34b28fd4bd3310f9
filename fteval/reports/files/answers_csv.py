"""Answers and scores as CSV for a spreadsheet: a row per sample and model."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from fteval.records import Comparison, Judged, RunRecord, Sheet
from fteval.reports import cells
from fteval.reports.view import answer_rows

ENDING, WHAT = ".answers.csv", "a row per answer"
MOST = sys.maxsize
LONGEST = 32_000
"""Characters that a spreadsheet's cell takes, less what escapes need."""


def render(subject: Comparison | RunRecord, worst: Sequence[Judged] = ()) -> str:
    """The header alone, for who has no answers."""
    return cells.table(answer_rows.TEXTS, [], LONGEST)


def render_answers(subject: Comparison | RunRecord, sheet: Sheet) -> str:
    columns = [*answer_rows.TEXTS, *answer_rows.scores(sheet)]
    return cells.table(columns, answer_rows.rows(sheet), LONGEST)
