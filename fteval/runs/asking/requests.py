"""What a run asks, a million requests in little memory: their keys in a row, and where each is asked.

A request whose prompt is its sample's own is made again when it is needed; only others (rendered, weighed, changed on
the way) are held.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableSet, Sequence
from dataclasses import replace
from typing import Any, overload

from fteval.records import Request, canonical
from fteval.records.columns import Marks
from fteval.records.digests import digest_of_list
from fteval.runs.asking.spooled import TOGETHER
from fteval.runs.journal.finder import key_bytes
from fteval.runs.journal.order import in_order

_KEY = 32
Made = Callable[[str, int, int, int, int], Request]
"""Key, probe, sample, repeat and seed to the request."""


class Requests(Mapping[str, Request]):
    """Key -> request, in the order in which they were added."""

    def __init__(self, made: Made) -> None:
        self._made, self._keys, self._marks = made, bytearray(), Marks()
        self._where = [array(kind) for kind in "IIIQ"]  # probe, sample, repeat and seed of each
        self._held: dict[int, Request] = {}
        self._next = 0

    @classmethod
    def of_columns(cls, made: Made, columns: Callable[[str], bytes]) -> Requests:
        """From what `columns` gave; all of them ask their sample's own prompt."""
        found = cls(made)
        found._keys = bytearray(columns("keys"))
        found._where = [array(kind, columns(f"where {i}")) for i, kind in enumerate("IIIQ")]
        found._marks = Marks.of(columns("marks"), columns("places"), len(found))
        return found

    def columns(self) -> Mapping[str, Any] | None:
        """All of them by name, for a file; None where a request is held that could not be made again."""
        if self._held:
            return None
        marks, places = self._marks.table
        where = {f"where {i}": column for i, column in enumerate(self._where)}
        return {"keys": self._keys, **where, "marks": marks, "places": places}

    def add(self, key: bytes, where: tuple[int, int, int, int], held: Request | None = None) -> int:
        """Takes a new key, as `key_bytes`, with probe, sample, repeat and seed; returns its number.

        `held`: the request, where it is not its sample's own prompt.
        """
        at = len(self)
        self._add_key(key, at)
        for column, value in zip(self._where, where, strict=True):
            column.append(value)
        if held is not None:
            self._held[at] = held
        return at

    def _add_key(self, key: bytes, at: int) -> None:
        self._marks.add(int.from_bytes(key[:8], "little"), at)
        self._keys += key

    def number(self, key: str) -> int | None:
        """Of a key."""
        return self.number_of(key_bytes(key))

    def number_of(self, found: bytes) -> int | None:
        """Of a key, as `key_bytes`; asked for in their order, they are found without a search."""
        at = self._next
        if self._keys[at * _KEY : (at + 1) * _KEY] == found:
            self._next = at + 1
            return at
        for at in self._marks.places(int.from_bytes(found[:8], "little")):
            if self._keys[at * _KEY : (at + 1) * _KEY] == found:
                self._next = at + 1
                return at
        return None

    def key(self, at: int) -> str:
        return self._keys[at * _KEY : (at + 1) * _KEY].hex()

    def block(self, numbers: Iterable[int]) -> bytes:
        """The keys of these numbers as `key_bytes`, one behind the other."""
        block = bytearray()  # `join` would hold them all apart first
        for at in numbers:
            block += self._keys[at * _KEY : (at + 1) * _KEY]
        return bytes(block)

    def of(self, at: int) -> Request:
        """The request of a number."""
        held = self._held.get(at)
        if held is not None:
            return held
        probe, sample, repeat, seed = [column[at] for column in self._where]
        return self._made(self.key(at), probe, sample, repeat, seed)

    def held(self, at: int) -> Request | None:
        """None for one that asks its sample's own prompt, and an answer."""
        return self._held.get(at)

    def rename(self, renamed: Callable[[str], str]) -> None:
        """Gives each another key."""
        old, self._keys, self._marks = self._keys, bytearray(), Marks()
        for at in range(len(old) // _KEY):
            key = renamed(old[at * _KEY : (at + 1) * _KEY].hex())
            self._add_key(key_bytes(key), at)
            if at in self._held:
                self._held[at] = replace(self._held[at], key=key)

    def digest(self) -> str:
        """Of the keys in order, as `records.digest` of their list."""
        return digest_of_list(canonical(key.hex()) for key in in_order(self._keys, _KEY))

    def clear(self) -> None:
        """Forgets all but the keys: nothing is asked any more, and nothing can be looked up."""
        self._held.clear()
        del self._marks, self._where  # an error, and not "it is not there"

    def forget(self) -> None:
        """The keys as well."""
        del self._keys

    def __getitem__(self, key: str) -> Request:
        at = self.number(key)
        if at is None:
            raise KeyError(key)
        return self.of(at)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.number(key) is not None

    def __iter__(self) -> Iterator[str]:
        return map(self.key, range(len(self)))

    def __len__(self) -> int:
        return len(self._keys) // _KEY


class KeysOf(Sequence[tuple[str, ...]]):
    """One probe's keys: per sample, per repeat."""

    def __init__(self, requests: Requests, repeats: int) -> None:
        self._requests, self.repeats, self.numbers = requests, repeats, array("I")

    def block(self) -> bytes:
        """All of them as `key_bytes`, one behind the other."""
        return self._requests.block(self.numbers)

    @overload
    def __getitem__(self, place: int) -> tuple[str, ...]: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[tuple[str, ...]]: ...
    def __getitem__(self, place: int | slice) -> tuple[str, ...] | Sequence[tuple[str, ...]]:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        start = place % len(self) * self.repeats
        return tuple(map(self._requests.key, self.numbers[start : start + self.repeats]))

    def __len__(self) -> int:
        return len(self.numbers) // self.repeats


class Some(Sequence[Request]):
    """Requests by their numbers."""

    def __init__(self, requests: Requests, numbers: Sequence[int]) -> None:
        self._requests, self._numbers = requests, numbers

    @overload
    def __getitem__(self, place: int) -> Request: ...
    @overload
    def __getitem__(self, place: slice) -> list[Request]: ...
    def __getitem__(self, place: int | slice) -> Request | list[Request]:
        if isinstance(place, slice):
            return [self._requests.of(at) for at in self._numbers[place]]
        return self._requests.of(self._numbers[place])

    def __iter__(self) -> Iterator[Request]:
        for start in range(0, len(self), TOGETHER):
            yield from self[start : start + TOGETHER]

    def __len__(self) -> int:
        return len(self._numbers)


class Keys(MutableSet[str]):
    """Some of a run's keys, a byte for each there is."""

    def __init__(self, requests: Requests, numbers: Iterable[int] = ()) -> None:
        self._requests, self._is, self._count = requests, bytearray(len(requests)), 0
        for at in numbers:
            self.put(at)

    @classmethod
    def _from_iterable(cls, keys: Iterable[str]) -> set[str]:  # type: ignore[override]  # of other keys too
        return set(keys)

    def add(self, key: str) -> None:
        at = self._requests.number(key)
        if at is None:
            raise KeyError(key)
        self.put(at)

    def discard(self, key: str) -> None:
        at = self._requests.number(key)
        if at is not None:
            self.put(at, there=False)

    @property
    def numbers(self) -> Iterator[int]:
        return (at for at, there in enumerate(self._is) if there)

    def others(self) -> Keys:
        """The keys that are not in it."""
        return Keys(self._requests, (at for at, there in enumerate(self._is) if not there))

    def has(self, at: int) -> bool:
        return bool(self._is[at])

    def put(self, at: int, there: bool = True) -> None:
        """By its number."""
        self._count += there - self._is[at]
        self._is[at] = there

    def __contains__(self, key: object) -> bool:
        text = key.decode("ascii", "replace") if isinstance(key, bytes) else key
        at = self._requests.number(text) if isinstance(text, str) else None
        return at is not None and bool(self._is[at])

    def __iter__(self) -> Iterator[str]:
        return map(self._requests.key, self.numbers)

    def __len__(self) -> int:
        return self._count
