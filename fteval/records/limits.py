"""How a server is treated; none of it changes an answer, so that none of it is part of a run's identity."""

from __future__ import annotations

from dataclasses import dataclass, field

from fteval.records.digests import RUNTIME
from fteval.records.ranges import Range, ranged


@dataclass(frozen=True, slots=True)
class Limits:
    """Time, attempts and requests in flight."""

    timeout: float = field(default=120.0, metadata=ranged(Range(above=0), RUNTIME))
    """Seconds for one attempt."""
    max_retries: int = field(default=6, metadata=ranged(Range(0), RUNTIME))
    """Further attempts after a failure that may pass."""
    concurrency: int = field(default=512, metadata=ranged(Range(1), RUNTIME))
    """Most requests in flight."""
    give_up_after: float = field(default=60.0, metadata=ranged(Range(above=0), RUNTIME))
    """Seconds of nothing but failures after which the run stops."""
