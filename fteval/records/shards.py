"""A shard: the part of a run's plan that one of many processes asks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shard:
    """The `index`-th of `of` parts, counted from 1. Which part a request is in follows from its content key alone."""

    index: int
    of: int

    def has(self, key: str) -> bool:
        """Whether the answer to a key is this part's to ask."""
        return int(key[:16], 16) % self.of == self.index - 1

    def __str__(self) -> str:
        return f"{self.index}/{self.of}"
