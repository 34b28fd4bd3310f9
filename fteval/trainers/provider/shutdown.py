"""When a provider will shut a model down: a fine-tune lives no longer than its base."""

from __future__ import annotations

from datetime import UTC, datetime

from fteval.engines.remote.shutdown import shutdown_day
from fteval.errors import UserError
from fteval.trainers.provider.client import Provider

SOON = 90
"""Days before the end in which a fine-tune is hardly worth its money."""


def check_alive(provider: Provider, model: str) -> str | None:
    """A warning when the model ends within 90 days, None when it is not known to.

    Raises UserError for a model that the server does not have, and for one whose day has come.
    """
    day = shutdown_day(provider.model(model).get("shutdown_date"))
    if day is None:
        return None
    left = (day - datetime.now(UTC).date()).days
    if left <= 0:
        raise UserError(
            f"{model} was shut down on {day}: a fine-tune of it would not answer",
            where=provider.url,
            fix="choose a base that goes on",
        )
    return f"{model} is shut down on {day}, in {left} days, and its fine-tunes with it" if left <= SOON else None
