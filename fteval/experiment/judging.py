"""What somebody says of answers while browsing: labels on any one or in a random order, and blind preferences."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fteval.experiment import opinions
from fteval.experiment.answer_index import Index
from fteval.experiment.opinions import Side, paired
from fteval.records import Answer, Answered, Metric, Sample
from fteval.records.people import Labels, People, judgeable
from fteval.reports.html.answers import anchor
from fteval.runs.journal import opinions as journal
from fteval.runs.reading.answers import Place
from fteval.runs.reading.opinions import (
    LABELS,
    PREFERENCES,
    Find,
    asked_for,
    content,
    labels,
    preferences,
)

VALUES: dict[str, float | str | None] = {"1": 1.0, "0": 0.0, "skip": "skip", "undo": None}
"""What can be said of an answer."""
CHOICES: dict[str, float | str | None] = {"a": 1.0, "b": 0.0, "tie": 0.5, "skip": "skip", "undo": None}
"""What can be said of two, of which the candidate's stands first."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a random order shows next."""

    row: Answered
    answers: tuple[Answer, ...]
    """One to label, or two to choose from, in the order in which they are shown."""
    done: int
    """Shown before."""
    of: int
    last: str | None
    """Anchor of the sample before, whose answer can be undone."""


class Refused(LookupError):
    """Nothing of that kind can be said of that."""


@dataclass(frozen=True, slots=True)
class Judging:
    """One result's answers, and the files beside its runs."""

    index: Index
    sides: tuple[Side, ...]
    """In the order of the index's names."""

    @property
    def people(self) -> People:
        """All that was said by now, by this viewer or another."""
        return opinions.of(self.sides)

    def labels(self, side: int) -> Labels:
        return labels(self._side(side).path, self.sides[side].find)

    def metric(self, probe: int, place: int) -> Metric:
        """A metric that people can judge. Raises Refused for another."""
        known = list(self.index.metrics.values())
        if not 0 <= probe < len(known) or not 0 <= place < len(known[probe]) or not judgeable(known[probe][place]):
            raise Refused("people label scores of 0 or 1")
        return known[probe][place]

    def label(self, side: int, sample: str, metric: int, said: str, *, drawn: bool) -> None:
        """Keeps what somebody says that an answer's score should be. Raises Refused for what cannot be labelled."""
        row = self._row(sample)
        judged = self.metric(list(self.index.metrics).index(row.probe), metric)
        answer = row.answers[side] if 0 <= side < len(row.answers) else None
        if said not in VALUES or answer is None or answer.text is None or answer.more:
            raise Refused("people label the one answer to a sample")
        line = {
            "probe": row.probe, "sample": row.sample.id, "metric": judged.name, "run": self._side(side).run.id,
            "content": content(row.sample, answer), "value": VALUES[said], "score": answer.scores.get(judged.name),
            "drawn": drawn,
        }  # fmt: skip
        journal.append(self._side(side).path / LABELS, line)

    def next_label(self, side: int, probe: int, metric: int) -> Drawn | None:
        """The answer that is labelled next in a random order; None where all are."""
        judged, run = self.metric(probe, metric), self._side(side)
        name = list(self.index.metrics)[probe]
        done = {anchor(name, sample) for sample in asked_for(run.path, name, judged.name)}
        order = self._order(probe, f"labels {run.run.id} {judged.name}")
        return self._next(order, done, lambda row: _one(row, side))

    # --- which of two ---

    def prefer(self, side: int, sample: str, said: str) -> None:
        """Keeps which answer somebody prefers: the one shown first (`a`) or second. Raises Refused for no such pair."""
        row, mine = self._row(sample), self._candidate(side)
        if said not in CHOICES or _two(row, side) is None:
            raise Refused("two answers that differ can be chosen from")
        value = CHOICES[said]
        if isinstance(value, float) and not self._first(side, sample):
            value = 1.0 - value
        line = {
            "probe": row.probe, "sample": row.sample.id, "run": mine.run.id, "base": self.sides[0].run.id,
            "content": content(row.sample, row.answers[0], row.answers[side]), "value": value,
            "shown": "candidate first" if self._first(side, sample) else "base first",
            "pairs": self.pairs(list(self.index.metrics).index(row.probe), side),
        }  # fmt: skip
        journal.append(mine.path / PREFERENCES, line)

    def next_pair(self, side: int, probe: int) -> Drawn | None:
        """The two answers that are shown next, in a random order; None where all were."""
        mine, name = self._candidate(side), list(self.index.metrics)[probe]
        said = preferences(mine.path, self.sides[0].run.id, paired(self.sides[0], mine))
        done = {anchor(*place) for place in (*said.values, *said.skipped) if place[0] == name}
        order = self._order(probe, f"pairs {self.sides[0].run.id} {mine.run.id}")
        found = self._next(order, done, lambda row: _two(row, side), sum(self.pairs(probe, side)[:1]))
        if found is None or self._first(side, anchor(name, found.row.sample.id)):
            return found
        return Drawn(found.row, found.answers[::-1], found.done, found.of, found.last)

    def pairs(self, probe: int, side: int) -> tuple[int, int]:
        """Samples of a probe whose two answers differ, and all that have two."""
        return self.index.differing(probe, side)

    def _first(self, side: int, sample: str) -> bool:
        """Whether the candidate's answer is shown first."""
        return _rank(f"first {self.sides[0].run.id} {self._candidate(side).run.id}", sample)[0] % 2 == 0

    # --- order ---

    def _order(self, probe: int, seed: str) -> list[str]:
        if not 0 <= probe < len(self.index.metrics):
            raise Refused("no such probe")
        return sorted(self.index.anchors(probe), key=lambda sample: _rank(seed, sample))

    def _next(
        self,
        order: Sequence[str],
        done: set[str],
        shown: Callable[[Answered], tuple[Answer, ...] | None],
        of: int | None = None,
    ) -> Drawn | None:
        last = None
        for sample in order:
            if sample in done:
                last = sample
                continue
            row = self._row(sample)
            answers = shown(row)
            if answers is not None:
                return Drawn(row, answers, len(done), len(order) if of is None else of, last)
        return None

    def _row(self, sample: str) -> Answered:
        row = self.index.row(sample)
        if row is None:
            raise Refused("no such sample")
        return row

    def _side(self, side: int) -> Side:
        if not 0 <= side < len(self.sides) or not self.sides[side].path.is_dir():
            raise Refused("no run of that model is kept here")
        return self.sides[side]

    def _candidate(self, side: int) -> Side:
        if side < 1:
            raise Refused("a candidate is held against its base")
        return self._side(side)


def finder(index: Index, side: int) -> Find:
    """How an index finds one model's answer."""

    def find(place: Place) -> tuple[Sample, tuple[Answer, ...]] | None:
        row = index.row(anchor(*place))
        return None if row is None or row.answers[side].text is None else (row.sample, (row.answers[side],))

    return find


def _one(row: Answered, side: int) -> tuple[Answer, ...] | None:
    answer = row.answers[side]
    return None if answer.text is None or answer.more else (answer,)


def _two(row: Answered, side: int) -> tuple[Answer, ...] | None:
    """The candidate's answer and the base's, where there are two and they differ."""
    if not 0 < side < len(row.answers):
        return None
    new, old = row.answers[side], row.answers[0]
    if new.text is None or old.text is None or new.text.strip() == old.text.strip():
        return None
    return new, old


def _rank(seed: str, sample: str) -> bytes:
    return hashlib.sha256(f"{seed} {sample}".encode()).digest()
