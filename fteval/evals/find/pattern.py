"""Patterns that users write, as Python's `regex` reads them, limited in length and time: one may search without end."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import regex

LONGEST = 5_000
"""Characters."""
SECONDS = 0.5
"""Of one search."""


class Endless(Exception):
    """A search that took too long: whether there is a match is not known."""


@lru_cache(maxsize=1_000)
def compiled(pattern: str) -> Any:
    """The pattern. Raises ValueError for one that cannot be read."""
    if len(pattern) > LONGEST:
        raise ValueError(f"a pattern of {len(pattern):,} characters, {LONGEST:,} at most: {pattern[:40]!r} …")
    try:
        return regex.compile(pattern)
    except RecursionError:
        raise ValueError(f"a pattern that is nested too deeply: {pattern[:40]!r} …") from None
    except regex.error as error:
        raise ValueError(f"no regular expression ({error}): {pattern[:40]!r}") from None


def search(pattern: str, text: str, seconds: float = SECONDS) -> Any:
    """The first match, or None. Raises Endless, which names the pattern."""
    try:
        return compiled(pattern).search(text, timeout=seconds)
    except TimeoutError:
        shown = pattern if len(pattern) <= 60 else pattern[:59] + "…"
        raise Endless(f"searching {shown!r} took more than {seconds:g} s: the pattern backtracks") from None
