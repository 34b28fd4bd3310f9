"""What each sample of a run is answered with, where outputs were saved: its digest is part of the plan."""

from __future__ import annotations

import hashlib
from typing import Any

from fteval.records import canonical
from fteval.records.columns import Texts


class OutputsAsked:
    """(probe, sample, what is known of its outputs), to be digested in order."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[Texts, Texts]] = {}

    def add(self, probe: str, sample: str, known: Any) -> None:
        ids, told = self._of.setdefault(probe, (Texts(bytearray()), Texts(bytearray())))
        ids.append(sample)
        told.append(canonical(known).decode("ascii"))

    def digest(self) -> str | None:
        """As `records.digest` of the list of [probe, sample, known], sorted by the first two; None for nothing."""
        if not self._of:
            return None
        total, first = hashlib.sha256(b"["), True
        for probe, (ids, told) in sorted(self._of.items()):
            for at in sorted(range(len(ids)), key=ids.__getitem__):
                total.update(b"" if first else b",")
                total.update(b"[%b,%b,%b]" % (canonical(probe), canonical(ids[at]), told[at].encode("ascii")))
                first = False
        total.update(b"]")
        return f"sha256:{total.hexdigest()}"
