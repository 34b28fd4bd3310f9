"""Saved results to browse: a page's top at once, its answers from an index."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from fteval.experiment import answer_index, saved
from fteval.experiment.answer_index import EACH, Index
from fteval.experiment.judging import Drawn, Judging, finder
from fteval.experiment.opinions import Side
from fteval.records import Comparison, RunRecord
from fteval.records.browsing import Search
from fteval.reports.html import drawn, page
from fteval.reports.html.answers import anchor
from fteval.reports.html.drawn import Question
from fteval.reports.view import answers
from fteval.stats import units


@dataclass(slots=True)
class Browsing:
    """A result, and all its samples in order of harm."""

    subject: Comparison | RunRecord
    store: Path
    each: int = EACH
    """Samples of a page."""
    _index: Index | None = None
    _place: Path | None = None
    """Where that index lay when it was read: a run may be judged anew while somebody browses it."""
    _one: Lock = field(default_factory=Lock)

    @property
    def index(self) -> Index:
        """Of its answers; made where there is none yet, which takes as long as reading all of them."""
        with self._one:
            found = self._known()
            if found is None:
                found = self._index = answer_index.made(self.subject, self.store)
            return found

    def _known(self) -> Index | None:
        """The index of the journals as they are now, where there is one."""
        place = answer_index.place(self.subject, self.store)
        if place != self._place:
            self._index, self._place = answer_index.kept(self.subject, self.store), place
        return self._index

    def page(self, search: Search) -> Iterator[str]:
        """The HTML of a page in parts, the first of them at once. Raises LookupError for what there is not."""
        with self._one:
            known = self._known()
        if known is None:
            before, after = page.frame(self.subject)
            yield before
            found = self.index.find(search, self.each)
        else:
            found, (before, after) = known.find(search, self.each), known.frame
            yield before
        judging = self.judging
        sides = [i for i in found.sides if judging.sides[i].path.is_dir()]
        yield page.found(found, judging.people, {i: judging.labels(i) for i in sides})
        yield after

    @property
    def judging(self) -> Judging:
        """What people can say of its answers."""
        index, runs = self.index, _runs(self.subject)
        named = zip(index.names, runs, strict=True)
        sides = (Side(n, run, self.store / "runs" / run.id, finder(index, i)) for i, (n, run) in enumerate(named))
        return Judging(index, tuple(sides))

    def label_page(self, side: int, probe: int, metric: int) -> str:
        """The page that asks for the next label of a random order. Raises LookupError for what nobody can judge."""
        judging = self.judging
        name = units.name(list(self.index.metrics)[probe], judging.metric(probe, metric).name)
        found = judging.next_label(side, probe, metric)
        return drawn.label_page(name, _question(found, side, metric), judging.people)

    def prefer_page(self, side: int, probe: int) -> str:
        """The page that asks which of two answers is better. Raises LookupError where there are none."""
        judging = self.judging
        found = judging.next_pair(side, probe)
        return drawn.prefer_page(list(self.index.metrics)[probe], _question(found, side, 0), judging.people)

    def rows(self, search: Search) -> Iterator[str]:
        """JSON lines of all that a search finds: rows of a hold-out, with answers and scores."""
        for found in self.index.all_of(search):
            yield "".join(json.dumps(row) + "\n" for row in answers.hold_out_rows(found.sheet, found.chosen))


def _runs(subject: Comparison | RunRecord) -> list[RunRecord]:
    return [subject] if isinstance(subject, RunRecord) else [subject.base, *(c.run for c in subject.candidates)]


def _question(found: Drawn | None, side: int, metric: int) -> Question | None:
    if found is None:
        return None
    texts = [one.text or "" for one in found.answers]
    place = anchor(found.row.probe, found.row.sample.id)
    return Question(found.row.sample, place, texts, side, metric, found.done, found.of, found.last)


def browsing(what: str, store: Path) -> Browsing:
    """A saved run or comparison to browse. Raises UserError for a name that is not known."""
    return Browsing(saved.unchecked(what, store), store)
