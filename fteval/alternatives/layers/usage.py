"""What an answer cost that took several requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fteval.records import Generation


def spent(generations: Sequence[Generation], *, at_once: bool = False) -> dict[str, Any]:
    """Tokens and seconds of all of them, as fields of one generation; None where none of them says any.

    A server that is asked `at_once` takes as long as its slowest answer.
    """
    of = {name: [n for one in generations if (n := getattr(one, name)) is not None] for name in _COUNTED}
    found = {name: sum(known) if known else None for name, known in of.items()}
    return {**found, "seconds": max(of["seconds"])} if at_once and of["seconds"] else found


_COUNTED = ("prompt_tokens", "completion_tokens", "seconds")


def n_requests(generations: Sequence[Generation]) -> int:
    """How many requests they took: each one, or as many as a layer below counted."""
    return sum((one.how or {}).get("requests", 1) for one in generations)
