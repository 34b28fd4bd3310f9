"""The samples of a hold-out file, in a file of our own: what is asked is read again whenever it is needed."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, overload

from fteval.engines.spool import Spool
from fteval.records import Continuation, Message, Sample
from fteval.records.columns import Kinds, Texts

HELD = 100_000
"""Samples that are held as they are, which is faster; of more a file is made."""
_NOTHING: Mapping[str, Any] = {}


def held_or_spooled(samples: Iterator[Sample]) -> Sequence[Sample]:
    """The samples of a file, however many."""
    first = list(islice(samples, HELD + 1))
    return SpooledSamples(chain(first, samples)) if len(first) > HELD else first


class SpooledSamples(Sequence[Sample]):
    """Samples whose values are JSON, as those of a file are. Ids, groups and slices are at hand, the rest is read."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._spool, self.ids = Spool(), Texts(bytearray())
        self.apart = False
        """Whether every prompt is known to be another one."""
        groups: dict[str | None, int] = {}
        slices: dict[tuple[tuple[str, str], ...], int] = {}
        group_codes, slice_codes = array("i"), array("i")
        for sample in samples:
            self.ids.append(sample.id)
            group_codes.append(groups.setdefault(sample.group, len(groups)))
            slice_codes.append(slices.setdefault(tuple(sample.slices.items()), len(slices)))
            self._spool.append(_encoded(sample))
        self.groups = Kinds(group_codes, tuple(groups))
        self.slices = Kinds(slice_codes, tuple(map(dict, slices)))

    def with_groups(self, names: Iterable[str | None]) -> SpooledSamples:
        """The same, in other groups."""
        made = object.__new__(SpooledSamples)
        made._spool, made.ids, made.slices, made.apart = self._spool, self.ids, self.slices, self.apart
        made.groups = Kinds.of(names)
        return made

    @overload
    def __getitem__(self, place: int) -> Sample: ...
    @overload
    def __getitem__(self, place: slice) -> list[Sample]: ...
    def __getitem__(self, place: int | slice) -> Sample | list[Sample]:
        if isinstance(place, slice):
            return [self._at(i) for i in range(*place.indices(len(self)))]
        return self._at(range(len(self))[place])

    def _at(self, place: int) -> Sample:
        turns, target, metadata, tools, continuations = json.loads(self._spool[place])
        return Sample(
            self.ids[place],
            tuple([Message(role, content) for role, content in turns]),
            target,
            self.groups.values[self.groups.codes[place]],
            self.slices.values[self.slices.codes[place]],
            metadata or _NOTHING,
            tuple(tools),
            tuple([Continuation(text, context) for text, context in continuations]),
        )

    def __iter__(self) -> Iterator[Sample]:
        return map(self._at, range(len(self)))

    def __len__(self) -> int:
        return len(self.ids)


def _encoded(sample: Sample) -> bytes:
    turns = [(m.role, m.content) for m in sample.messages]
    continuations = [(c.text, c.context) for c in sample.continuations]
    return json.dumps([turns, sample.target, dict(sample.metadata), sample.tools, continuations]).encode("ascii")
