"""How long to wait before asking again, and when to stop asking at all."""

from __future__ import annotations

import email.utils
import math
import random
import time
from dataclasses import dataclass, field

LONGEST_WAIT = 300.0
"""Seconds; a server that asks to wait longer is not waited for."""
_SOON, _FIRST, _LONGEST = 0.05, 0.5, 16.0
"""Seconds before the second retry where others are answered and before the first where none are, and the most without a
server's own word."""


def retry_after(header: str | None, now: float | None = None) -> float | None:
    """Seconds that a Retry-After header asks for (a number, or an HTTP date); None for nonsense and for the past.

    `now` is best what the server says (`clock`): clocks differ, and jump.
    """
    if header is None:
        return None
    text = header.strip()
    try:
        seconds = float(text)
    except ValueError:
        date = clock(text)
        if date is None:
            return None
        seconds = date - (time.time() if now is None else now)
    return seconds if math.isfinite(seconds) and seconds > 0 else None


def clock(header: str | None) -> float | None:
    """The time in a header that holds an HTTP date, in seconds since 1970."""
    try:
        return email.utils.parsedate_to_datetime(header or "").timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def pause(attempt: int, asked: float | None = None, alone: bool = False) -> float:
    """Seconds before the next attempt (the first retry is `attempt` 0): what the server asked, else a random share of
    a time that doubles, so that those who failed together do not come back together. Who failed `alone`, while others
    were answered, comes back at once, and waits from the second failure on."""
    if asked is not None:
        return asked * (1 + 0.1 * random.random())
    longest = _FIRST * 2.0**attempt if not alone else _SOON * 4.0 ** (attempt - 1) if attempt else 0.0
    return random.random() * min(_LONGEST, longest)


@dataclass(slots=True)
class Breaker:
    """Notices that a server is gone for good, or that nobody may ask it: no success for too long, whoever asks."""

    give_up_after: float
    """Seconds of nothing but failures."""
    refusals: int = 0
    """Not authorised, in succession."""
    _failing_since: float | None = field(default=None)
    _waited: float = 0.0

    def succeeded(self) -> None:
        self.refusals, self._failing_since, self._waited = 0, None, 0.0

    def failed(self, asked: float | None = None) -> bool:
        """Takes a failure; True once there was nothing else for too long. A wait that the server asked for is not
        held against it."""
        now = time.monotonic()
        self._waited = max(self._waited, asked or 0.0)
        if self._failing_since is None:
            self._failing_since = now
        return now - self._failing_since > self.give_up_after + 1.1 * self._waited
