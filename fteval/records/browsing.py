"""What somebody wants to see of a result's answers, and what there is of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fteval.records.answers import Sheet

SORTS = {
    "harm": "most harm first",
    "gain": "most gain first",
    "asked": "as asked",
    "long": "longest answer first",
    "short": "shortest answer first",
}
"""Orders, with their names."""


@dataclass(frozen=True, slots=True)
class Search:
    """A choice among all answers of a result, as it stands in an address: places in lists of names, -1 for any."""

    candidate: int = -1
    """Place among the names; 0 for all side by side, -1 for the one that the verdict is about."""
    probe: int = -1
    metric: int = -1
    """By which one is worse or better, among those of the probe; -1 for the headline."""
    slice: int = -1
    text: str = ""
    show: str = "all"
    sort: str = "harm"
    sample: str = ""
    """The anchor of a single one."""
    page: int = 1


@dataclass(frozen=True, slots=True)
class Found:
    """A page of what a search found."""

    search: Search
    sheet: Sheet
    """The samples of the page, each with the answers that were asked for."""
    sides: tuple[int, ...]
    """Places of the sheet's names among all names."""
    chosen: int
    """Place among the sheet's names of the candidate that is worse or better."""
    names: tuple[str, ...]
    """Of all models."""
    metrics: Mapping[str, tuple[str, ...]]
    """By probe."""
    slices: tuple[str, ...]
    counts: Mapping[str, int]
    """By `Search.show`, among what the other filters leave."""
    pages: int
    notes: tuple[str, ...] = ()
    """What was found out since the verdict."""

    @property
    def matching(self) -> int:
        return self.counts[self.search.show]
