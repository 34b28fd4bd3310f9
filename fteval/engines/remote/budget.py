"""How much a command may spend on servers: tokens, money, or both. Never more, because the worst case is set aside
before a request is sent."""

from __future__ import annotations

from dataclasses import dataclass, field

from fteval.engines.remote.prices import Price
from fteval.records import RUNTIME, Range, ranged


@dataclass(frozen=True, slots=True)
class Spending:
    """Tokens and money."""

    tokens: int = 0
    usd: float = 0.0


@dataclass(slots=True)
class Budget:
    """What all servers of a command may cost together; used by the thread of one event loop at a time."""

    max_usd: float | None = field(default=None, metadata=ranged(Range(above=0), RUNTIME))
    max_total_tokens: int | None = field(default=None, metadata=ranged(Range(1), RUNTIME))
    spent_tokens: int = field(default=0, init=False)
    spent_usd: float = field(default=0.0, init=False)
    _aside: dict[int, Spending] = field(default_factory=dict, init=False)
    _next: int = field(default=0, init=False)
    _aside_tokens: int = field(default=0, init=False)
    _aside_usd: float = field(default=0.0, init=False)

    @property
    def waiting(self) -> bool:
        """Whether something is set aside that may come back unspent."""
        return bool(self._aside)

    def reserve(self, prompt_tokens: int, max_tokens: int, price: Price | None) -> int | None:
        """Sets the most that a request can cost aside; its number, or None where that is more than is left."""
        most = Spending(prompt_tokens + max_tokens, price.usd(prompt_tokens, max_tokens) if price else 0.0)
        tokens = self.spent_tokens + self._aside_tokens + most.tokens
        usd = self.spent_usd + self._aside_usd + most.usd
        if self.max_total_tokens is not None and tokens > self.max_total_tokens:
            return None
        if self.max_usd is not None and usd > self.max_usd:
            return None
        self._next += 1
        self._aside[self._next] = most
        self._aside_tokens += most.tokens
        self._aside_usd += most.usd
        return self._next

    def settle(
        self, number: int, prompt_tokens: int | None, completion_tokens: int | None, price: Price | None
    ) -> None:
        """Takes what a request did cost; where the server did not say, the most that it can have cost."""
        most = self._taken(number)
        if prompt_tokens is None or completion_tokens is None:
            self.spent_tokens += most.tokens
            self.spent_usd += most.usd
        else:
            self.spent_tokens += prompt_tokens + completion_tokens
            self.spent_usd += price.usd(prompt_tokens, completion_tokens) if price else 0.0

    def again(self, number: int) -> bool:
        """Takes one more worst case for an attempt that was of no use; False, and nothing taken, where that is more
        than is left beside what is set aside for the next attempt."""
        most = self._aside[number]
        tokens, usd = self.spent_tokens + self._aside_tokens, self.spent_usd + self._aside_usd
        if self.max_total_tokens is not None and tokens + most.tokens > self.max_total_tokens:
            return False
        if self.max_usd is not None and usd + most.usd > self.max_usd:
            return False
        self.spent_tokens += most.tokens
        self.spent_usd += most.usd
        return True

    def release(self, number: int) -> None:
        """A request that failed costs nothing."""
        self._taken(number)

    def _taken(self, number: int) -> Spending:
        most = self._aside.pop(number)
        self._aside_tokens -= most.tokens
        # Back to 0 exactly, so that rounding does not add up over a long run.
        self._aside_usd = self._aside_usd - most.usd if self._aside else 0.0
        return most

    def __str__(self) -> str:
        said = [f"--max-usd {self.max_usd:g}"] if self.max_usd is not None else []
        said += [f"--max-total-tokens {self.max_total_tokens:,}"] if self.max_total_tokens is not None else []
        return " and ".join(said)
