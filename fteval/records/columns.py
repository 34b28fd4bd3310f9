"""Columns of many values in few bytes each: what a run of a million samples says of every one of them.

Sequences, equal to any sequence of the same values. Readers that know numpy take the arrays as they lie.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")
H = TypeVar("H", bound=Hashable)

_PREFIX = "sha256:"
_HEX = 64


class _Column(Sequence[T], Generic[T]):
    """What all columns have in common; `_at` gives one value, and raises IndexError behind the last."""

    __slots__ = ()

    def _at(self, place: int) -> T:
        raise NotImplementedError

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[T]: ...
    def __getitem__(self, place: int | slice) -> T | Sequence[T]:
        if isinstance(place, slice):
            return tuple(self._at(i) for i in range(*place.indices(len(self))))
        return self._at(place if place >= 0 else self._from_the_end(place))

    def _from_the_end(self, place: int) -> int:
        at = place + len(self)
        if at < 0:
            raise IndexError(place)
        return at

    def __iter__(self) -> Iterator[T]:
        return map(self._at, range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str | bytes):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # as of lists: they are compared, and never keys

    def __repr__(self) -> str:
        shown = ", ".join(map(repr, self[:3]))
        return f"{type(self).__name__}({shown}{', …' if len(self) > 3 else ''})"


class Texts(_Column[str]):
    """Texts, one behind the other."""

    __slots__ = ("block", "ends")

    def __init__(self, block: bytes | bytearray = b"", ends: array[int] | None = None) -> None:
        self.block, self.ends = block, array("Q") if ends is None else ends

    @classmethod
    def of(cls, texts: Iterable[str]) -> Texts:
        made = cls(bytearray())
        for text in texts:
            made.append(text)
        return cls(bytes(made.block), made.ends)

    def append(self, text: str) -> None:
        assert isinstance(self.block, bytearray)  # whoever appends has begun with one
        self.block += text.encode("utf-8", "surrogatepass")
        self.ends.append(len(self.block))

    def __len__(self) -> int:
        return len(self.ends)

    def _at(self, place: int) -> str:
        start = self.ends[place - 1] if place else 0
        return self.block[start : self.ends[place]].decode("utf-8", "surrogatepass")

    def stands_at(self, place: int, text: str) -> bool:
        """Whether this text is the one at a place; no other is, where there is no such place."""
        if place >= len(self.ends):
            return False
        start = self.ends[place - 1] if place else 0
        return self.block[start : self.ends[place]] == text.encode("utf-8", "surrogatepass")

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Texts):
            return self.ends == other.ends and self.block == other.block
        return super().__eq__(other)

    __hash__ = None

    def beginning_with(self, text: str) -> Iterator[int]:
        """Places of the texts that begin with this one, in order; found without looking at each."""
        wanted = text.encode("utf-8", "surrogatepass")
        if not wanted:
            yield from range(len(self))
            return
        found = self.block.find(wanted)
        while found >= 0:
            # The text in which it was found: the first that ends behind its first byte.
            place = bisect_right(self.ends, found)
            start = self.ends[place - 1] if place else 0
            if found == start and found + len(wanted) <= self.ends[place]:
                yield place
            found = self.block.find(wanted, self.ends[place])


class Digests(_Column[str]):
    """Digests as `records.digest` spells them, 32 bytes each."""

    __slots__ = ("block",)

    def __init__(self, block: bytes | bytearray = b"") -> None:
        self.block = block

    @classmethod
    def of(cls, digests: Iterable[str]) -> Sequence[str]:
        """The column; Texts where one of them is spelt otherwise."""
        block, given = bytearray(), iter(digests)
        for one in given:
            if not is_digest(one):
                before = Digests(block)
                return Texts.of([*before, one, *given])
            block += bytes.fromhex(one[len(_PREFIX) :])
        return cls(bytes(block))

    def __len__(self) -> int:
        return len(self.block) // 32

    def _at(self, place: int) -> str:
        found = self.block[place * 32 : place * 32 + 32]
        if not found:
            raise IndexError(place)
        return _PREFIX + found.hex()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Digests):
            return self.block == other.block
        return super().__eq__(other)

    __hash__ = None


def spelt(one: bytes) -> bytes:
    """The canonical JSON of a digest of `Digests`, by its bytes: no letter of it is escaped."""
    return b'"%b%b"' % (_PREFIX.encode(), one.hex().encode())


def is_digest(text: str) -> bool:
    """Whether a text is spelt as `records.digest` spells it."""
    hexadecimal = text[len(_PREFIX) :]
    return text.startswith(_PREFIX) and len(hexadecimal) == _HEX and not hexadecimal.strip("0123456789abcdef")


class Numbers(_Column["float | None"]):
    """Scores, None where there is none (NaN in the array: no score is NaN)."""

    __slots__ = ("values",)

    def __init__(self, values: array[float] | None = None) -> None:
        self.values = array("d") if values is None else values

    @classmethod
    def of(cls, values: Iterable[float | None]) -> Numbers:
        if isinstance(values, Numbers):
            return values
        return cls(array("d", (NOTHING if value is None else value for value in values)))

    def __len__(self) -> int:
        return len(self.values)

    def _at(self, place: int) -> float | None:
        value = self.values[place]
        return value if value == value else None

    def __iter__(self) -> Iterator[float | None]:
        return (value if value == value else None for value in self.values)


NOTHING = float("nan")
"""No score."""


class Kinds(_Column[Any]):
    """Values of which many are the same: each once, and a number for every place."""

    __slots__ = ("codes", "values")

    def __init__(self, codes: array[int] | None = None, values: Sequence[Any] = ()) -> None:
        self.values, self.codes = values, array("i") if codes is None else codes

    @classmethod
    def of(cls, values: Iterable[Hashable]) -> Kinds:
        known: dict[Hashable, int] = {}
        codes = array("i", (known.setdefault(value, len(known)) for value in values))
        return cls(codes, tuple(known))

    def __len__(self) -> int:
        return len(self.codes)

    def _at(self, place: int) -> Any:
        return self.values[self.codes[place]]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Kinds) and self.codes == other.codes and self.values == other.values:
            return True
        return super().__eq__(other)

    __hash__ = None


def places_of(texts: Sequence[str], wanted: Collection[str]) -> dict[str, int]:
    """Text -> its place, of those that are there."""
    if isinstance(texts, Texts) and len(wanted) < _FEW:
        begun = ((one, place) for one in wanted for place in texts.beginning_with(one) if texts[place] == one)
        return dict(reversed(list(begun)))
    return {text: place for place, text in enumerate(texts) if text in wanted}


def beginning_with(texts: Sequence[str], text: str) -> Iterator[int]:
    """Places of the texts that begin with this one."""
    if isinstance(texts, Texts):
        return texts.beginning_with(text)
    return (place for place, one in enumerate(texts) if one.startswith(text))


_FEW = 8
"""Texts that are sooner found one by one than by looking at all."""


def partners(ours: Sequence[str], theirs: Sequence[str]) -> Sequence[int | None]:
    """Of each of our texts its place among theirs; a range where they are the same in the same order."""
    if ours == theirs:
        return range(len(ours))
    known = {text: place for place, text in enumerate(theirs)}
    return tuple(known.get(text) for text in ours)


class Marks:
    """Places by a number that stands for what is there: a hash table of two arrays.

    What has the same number may be another thing: who finds a place looks whether it is the one.
    """

    __slots__ = ("_count", "_mask", "_numbers", "_places")

    def __init__(self) -> None:
        self._count, self._mask = 0, 1023
        self._numbers = array("Q", bytes(8 << 10))
        self._places = array("I", bytes(4 << 10))

    @classmethod
    def of(cls, numbers: bytes, places: bytes, count: int) -> Marks:
        """From what `table` gave, and how many it holds."""
        made = cls()
        made._numbers, made._places = array("Q", numbers), array("I", places)
        made._count, made._mask = count, len(made._places) - 1
        return made

    @property
    def table(self) -> tuple[array[int], array[int]]:
        """All of it, for a file."""
        return self._numbers, self._places

    def add(self, number: int, place: int) -> None:
        if 2 * self._count > self._mask:
            self._grow()
        self._put(number & _64_BITS, place + 1)
        self._count += 1

    def places(self, number: int) -> Sequence[int]:
        """In the order in which they were added."""
        number &= _64_BITS
        at = number & self._mask
        found = self._places[at]
        if not found:
            return ()
        places = []
        while found:
            if self._numbers[at] == number:
                places.append(found - 1)
            at = (at + 1) & self._mask
            found = self._places[at]
        return places

    def _put(self, number: int, place: int) -> None:
        at = number & self._mask
        while self._places[at]:
            at = (at + 1) & self._mask
        self._numbers[at], self._places[at] = number, place

    def _grow(self) -> None:
        numbers, places = self._numbers, self._places
        size = 2 * len(places)
        self._mask, self._numbers, self._places = size - 1, array("Q", bytes(8 * size)), array("I", bytes(4 * size))
        first = next(at for at, place in enumerate(places) if not place)  # from a gap on, so that orders are kept
        for at in (*range(first, len(places)), *range(first)):
            if places[at]:
                self._put(numbers[at], places[at])


_64_BITS = 2**64 - 1


class Rows(Mapping[str, int]):
    """Text -> the row that it stands for, a number: a dict of a million texts in a tenth of the memory."""

    __slots__ = ("_marks", "_next", "_rows", "_texts")

    def __init__(self) -> None:
        self._texts, self._rows, self._marks = Texts(bytearray()), array("I"), Marks()
        self._next = 0

    def add(self, text: str, row: int) -> int | None:
        """Takes a text; where it is there already nothing is done, and its row is what comes back."""
        number = hash(text)
        for place in self._marks.places(number):
            if self._texts.stands_at(place, text):
                return self._rows[place]
        self._marks.add(number, len(self._rows))
        self._texts.append(text)
        self._rows.append(row)
        return None

    def row(self, text: str) -> int | None:
        """Of a text; asked for in their order, they are found without a search."""
        at = self._next
        if self._texts.stands_at(at, text):
            self._next = at + 1
            return self._rows[at]
        for place in self._marks.places(hash(text)):
            if self._texts.stands_at(place, text):
                self._next = place + 1
                return self._rows[place]
        return None

    def __getitem__(self, text: str) -> int:
        row = self.row(text)
        if row is None:
            raise KeyError(text)
        return row

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._rows)
