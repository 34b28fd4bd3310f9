"""The samples of a hold-out file, in a file of our own: what is asked is read again whenever it is needed."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import Any, overload

from fteval.engines.spool import Spool
from fteval.records import Sample
from fteval.records.columns import Digests, Kinds, Texts
from fteval.runs.journal import lines, rows
from fteval.runs.journal.finder import Finder
from fteval.runs.journal.journal import chunks

HELD = 50_000
"""Samples that are held as they are, which is faster; of more a file is made."""
TOGETHER = 100
"""Samples that are read at a stretch: each between other work, they take half as long again."""
_NOTHING: Mapping[str, Any] = {}


def held_or_spooled(samples: Iterator[Sample]) -> Sequence[Sample]:
    """The samples of a file, however many."""
    first = deque(islice(samples, HELD + 1))
    if len(first) <= HELD:
        return list(first)
    every = chain((first.popleft() for _ in range(len(first))), samples)
    return SpooledSamples(chain.from_iterable(chunks(every, TOGETHER)))


class FiledSamples(Sequence[Sample]):
    """Samples that lie in a file and are read one by one; ids, groups and slices are at hand."""

    def __init__(self, ids: Texts, groups: Kinds, slices: Kinds) -> None:
        self.ids, self.groups, self.slices = ids, groups, slices

    def _at(self, place: int) -> Sample:
        raise NotImplementedError

    @overload
    def __getitem__(self, place: int) -> Sample: ...
    @overload
    def __getitem__(self, place: slice) -> list[Sample]: ...
    def __getitem__(self, place: int | slice) -> Sample | list[Sample]:
        if isinstance(place, slice):
            return [self._at(i) for i in range(*place.indices(len(self)))]
        return self._at(range(len(self))[place])

    def __iter__(self) -> Iterator[Sample]:
        for start in range(0, len(self), TOGETHER):
            yield from self[start : start + TOGETHER]

    def __len__(self) -> int:
        return len(self.ids)


class JournalSamples(FiledSamples):
    """Samples of one probe in the samples.jsonl of a run, from a line on; each line is checked when it is read."""

    def __init__(self, path: Path, spool: Spool, first: int, ids: Texts, groups: Kinds, slices: Kinds) -> None:
        super().__init__(ids, groups, slices)
        self._path, self._spool, self._first = path, spool, first

    def _at(self, place: int) -> Sample:
        data = self._spool[self._first + place]
        reason = lines.fault(data, self._path)
        if reason is not None:
            raise lines.damaged(self._path, self._first + place + 1, reason)
        return rows.to_sample(lines.parse(data))


class SpooledSamples(FiledSamples):
    """Samples whose values are JSON, as those of a file are. Digests are at hand too, the rest is read, in the spelling
    in which it will lie in the journal."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._spool, self._asked, ids = Spool(), array("I"), Texts(bytearray())
        groups: dict[str | None, int] = {}
        slices: dict[tuple[tuple[str, str], ...], int] = {}
        group_codes, slice_codes = array("i"), array("i")
        contents, self._questions = bytearray(), array("q")
        for sample in samples:
            ids.append(sample.id)
            group_codes.append(groups.setdefault(sample.group, len(groups)))
            slice_codes.append(slices.setdefault(tuple(sample.slices.items()), len(slices)))
            asked, beside = rows.spelt(sample)
            self._asked.append(len(asked))
            self._spool.append(b"%b,%b" % (asked, beside))
            contents += bytes.fromhex(sample.content_digest[7:])
            self._questions.append(sample.question_hash)
        super().__init__(ids, Kinds(group_codes, tuple(groups)), Kinds(slice_codes, tuple(map(dict, slices))))
        self.contents = Digests(bytes(contents))
        """`content_digest` of each."""

    @property
    def questions(self) -> Sequence[str]:
        """`question_digest` of each."""
        return Digests.of(sample.question_digest for sample in self)

    @cached_property
    def apart(self) -> bool:
        """Whether every prompt is known to be another one."""
        return not Finder(self._questions.tobytes(), 8).twice

    def with_groups(self, names: Iterable[str | None]) -> SpooledSamples:
        """The same, in other groups."""
        made = object.__new__(SpooledSamples)
        made.__dict__ |= self.__dict__
        made.groups = Kinds.of(names)
        return made

    def line(self, place: int, probe: str, digest: str, keys: Sequence[str]) -> bytes:
        """A sample's line of samples.jsonl, without reading it."""
        both, at = self._spool[place], self._asked[place]
        return rows.sample_line(
            (probe, self.ids[place], digest, keys), both[:at], (self._group(place), self._slices(place)), both[at + 1 :]
        )

    def _at(self, place: int) -> Sample:
        row = lines.parse(b"{%b}" % self._spool[place])
        row["id"], row["group"], row["slices"] = self.ids[place], self._group(place), self._slices(place)
        row["metadata"] = row["metadata"] or _NOTHING
        return rows.to_sample(row)

    def _group(self, place: int) -> str | None:
        group: str | None = self.groups.values[self.groups.codes[place]]
        return group

    def _slices(self, place: int) -> Mapping[str, str]:
        slices: Mapping[str, str] = self.slices.values[self.slices.codes[place]]
        return slices
