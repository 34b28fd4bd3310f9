"""At which places a value stands, among a million of them: a sorted array instead of a dict of objects."""

from __future__ import annotations

import hashlib
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise

MARK = 8
"""Bytes that stand for a text: who finds a place by them looks whether the text is there."""
NOWHERE = 2**64 - 1
"""No offset."""
_HEAD = 8


def mark(text: str) -> bytes:
    """What stands for a text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=MARK).digest()


def key_bytes(key: str) -> bytes:
    """A key of 64 hex digits in 32 bytes; another text by its digest."""
    try:
        found = bytes.fromhex(key)
    except ValueError:
        found = b""
    if len(found) == 32 and found.hex() == key:  # it takes capitals and spaces, too
        return found
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def are_apart(texts: Iterable[str]) -> bool:
    """Whether texts are surely all different; in a million of them, no pair of others looks the same."""
    return all(number != following for number, following in pairwise(sorted(map(hash, texts))))


class Finder:
    """Places of values of one width, which lie one behind the other in a block that grows no more."""

    def __init__(self, block: bytes | bytearray, width: int) -> None:
        import numpy as np  # a run asks its first questions without

        self._block, self._width = block, width
        all_of_them = np.frombuffer(self._block, dtype=np.uint8).reshape(-1, width)
        heads = np.ascontiguousarray(all_of_them[:, :_HEAD]).view(np.uint64).ravel()
        order = np.argsort(heads, kind="stable")
        sorted_heads = heads[order]
        self.twice = bool((sorted_heads[1:] == sorted_heads[:-1]).any())
        """Whether some may stand at two places."""
        del heads
        # Of Python's own: one number is found in them sooner than in numpy's.
        self._order, self._heads = array("I"), array("Q")
        self._order.frombytes(order.astype(np.uint32).data.cast("B"))
        del order
        self._heads.frombytes(sorted_heads.data.cast("B"))
        self._next = 0

    def places(self, value: bytes) -> Sequence[int]:
        """In order; asked for in their order, they are found without a search."""
        width, at = self._width, self._next
        if not self.twice and self._block[at * width : (at + 1) * width] == value:
            self._next = at + 1
            return (at,)
        head, heads, found = int.from_bytes(value[:_HEAD], sys.byteorder), self._heads, []
        at = bisect_left(heads, head)
        while at < len(heads) and heads[at] == head:
            place = self._order[at]
            if self._block[place * width : (place + 1) * width] == value:
                found.append(place)
            at += 1
        if found:
            self._next = found[-1] + 1
        return found
