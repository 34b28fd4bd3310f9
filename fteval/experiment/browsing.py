"""A saved result page by page, for who has more samples than one file shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from fteval.experiment import saved, sheet
from fteval.records import Comparison, RunRecord
from fteval.reports.html import page
from fteval.runs.reading.answers import Place

EACH = 500


@dataclass(frozen=True, slots=True)
class Browsing:
    """A result, and all its samples in order of harm."""

    subject: Comparison | RunRecord
    order: tuple[Place, ...]
    each: int = EACH
    """Samples of a page."""

    @property
    def pages(self) -> int:
        return max(-(-len(self.order) // self.each), 1)

    def page(self, number: int) -> str:
        """The HTML of a page, from 1; its answers are read from the store now."""
        part = self.order[(number - 1) * self.each : number * self.each]
        found = replace(sheet.sheet(self.subject, only=part), total=len(self.order))
        return page.of(self.subject, found, page.Pager(number, self.pages))


def browsing(what: str, store: Path) -> Browsing:
    """A saved run or comparison to browse. Raises UserError for a name that is not known."""
    subject = sheet.whole(saved.saved(what, store), store)
    return Browsing(subject, tuple(sheet.order(subject)))
