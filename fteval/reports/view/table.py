"""A table of texts, whatever it tells of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TextTable:
    """Its first column names what a row is about; the last is running text."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
