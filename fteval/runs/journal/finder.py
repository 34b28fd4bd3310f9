"""At which places a value stands, among a million of them: a sorted array instead of a dict of objects."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

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
    if len(key) == 64 and not key.strip("0123456789abcdef"):
        return bytes.fromhex(key)
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


class Finder:
    """Places of values of one width, which lie one behind the other in a block."""

    def __init__(self, block: bytes | bytearray, width: int) -> None:
        self._block, self._width = bytes(block), width
        all_of_them = np.frombuffer(self._block, dtype=np.uint8).reshape(-1, width)
        heads = np.ascontiguousarray(all_of_them[:, :_HEAD]).view(np.uint64).ravel()
        self._order = np.argsort(heads, kind="stable").astype(np.uint32)
        self._heads = heads[self._order]
        self.twice = bool((self._heads[1:] == self._heads[:-1]).any())
        """Whether some may stand at two places."""
        self._next = 0

    def places(self, value: bytes) -> Sequence[int]:
        """In order; asked for in their order, they are found without a search."""
        width, at = self._width, self._next
        if not self.twice and self._block[at * width : (at + 1) * width] == value:
            self._next = at + 1
            return (at,)
        head = np.frombuffer(value, dtype=np.uint64, count=1)[0]
        start, end = (int(np.searchsorted(self._heads, head, side)) for side in ("left", "right"))
        found = [int(place) for place in self._order[start:end]]
        found = [place for place in found if self._block[place * width : (place + 1) * width] == value]
        if found:
            self._next = found[-1] + 1
        return found
