"""A result as Markdown, for a pull request, a page of a CI job, a wiki."""

from __future__ import annotations

from collections.abc import Sequence

from fteval.records import Comparison, Judged, RunRecord
from fteval.reports.markdown import markdown

ENDING, WHAT = ".md", "markdown"


def render(subject: Comparison | RunRecord, worst: Sequence[Judged] = ()) -> str:
    return markdown.render(subject, worst)
