"""What each sample of a run is answered with, where outputs were saved: its digest is part of the plan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fteval.records import canonical
from fteval.records.columns import Digests, Texts, is_digest
from fteval.records.digests import digest_of_list
from fteval.runs.journal.order import places_in_order


class OutputsAsked:
    """(probe, sample, what is known of its outputs), to be digested in order."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[Texts, bytearray, dict[int, bytes]]] = {}

    def add(self, probe: str, sample: str, known: Any) -> None:
        found = self._of.get(probe)
        if found is None:
            found = self._of[probe] = Texts(bytearray()), bytearray(), {}
        ids, digests, others = found
        if isinstance(known, str) and is_digest(known):
            digests += bytes.fromhex(known[7:])
        else:
            others[len(ids)] = canonical(known)
            digests += bytes(32)
        ids.append(sample)

    def digest(self) -> str | None:
        """As `records.digest` of the list of [probe, sample, known], sorted by the first two; None for nothing."""
        if not self._of:
            return None
        return digest_of_list(self._spellings())

    def _spellings(self) -> Iterator[bytes]:
        for probe, (ids, digests, others) in sorted(self._of.items()):
            column, named = Digests(digests), canonical(probe)
            for at in places_in_order(ids):
                known = others[at] if at in others else canonical(column[at])
                yield b"[%b,%b,%b]" % (named, canonical(ids[at]), known)
