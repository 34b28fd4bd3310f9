"""Until when a provider serves a model, as its list of models says."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any


def shutdown_day(value: Any) -> date | None:
    """The day that a `shutdown_date` means: ISO 8601, or seconds since 1970. None for everything else."""
    try:
        if isinstance(value, str):
            return date.fromisoformat(value[:10])
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC).date()
    except (ValueError, OverflowError, OSError):
        return None  # no day that anybody could mean
    return None
