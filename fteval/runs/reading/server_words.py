"""What a run's journals say of the server that answered: who it was, what it cost, until when it is there."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

SOON = 90
"""Days before a model's end from which on a reader is warned."""

Seen = Counter[tuple[str | None, str | None]]
"""(model, fingerprint) that answers came with -> how many."""


def price(manifest: Mapping[str, Any]) -> tuple[float, float] | None:
    """US dollars per token of prompt and of answer; None where none was known when the run was made."""
    found = _served(manifest).get("price")
    return (found[0] / 1e6, found[1] / 1e6) if isinstance(found, list) and len(found) == 3 else None


def warnings(manifest: Mapping[str, Any], seen: Seen, today: datetime.date, reused: int = 0) -> Iterator[str]:
    """What a reader must know of who answered, one sentence each."""
    served = _served(manifest)
    if served.get("moving"):
        yield f"{served.get('model')} is a moving name: its provider may put another model behind it; pin a dated one"
    if reused and not served.get("timeless") and served.get("behaviour"):
        yield (
            f"{reused:,} answers are from earlier runs: the server still says the same to a few fixed prompts, which "
            "does not prove that it is the same model; another --store asks everything anew"
        )
    asked = str(served.get("model") or "")
    for other in sorted({name for name, _ in seen if name and asked and not _means(name, asked)}):
        yield f"the server says that '{other}' answered, and '{asked}' was asked for"
    if len({name for name, _ in seen}) > 1:
        counts = Counter[str]()
        for (model, _), n in seen.items():
            counts[str(model)] += n
        names = ", ".join(f"{name} {n:,}" for name, n in counts.most_common(5))
        yield f"served by {len(counts)} models ({names}): the answers are not of one model"
    elif len({mark for _, mark in seen}) > 1:
        marks = Counter({str(mark): n for (_, mark), n in seen.items()})
        yield f"served by {len(marks)} fingerprints ({_counts(marks)}): the provider changed something on the way"
    for name, day in _ends(manifest).items():
        left = (day - today).days
        if left < 0:
            yield f"{name} was shut down by its provider on {day}"
        elif left <= SOON:
            days = "today" if left == 0 else f"in {left} day{'s' * (left != 1)}"
            yield f"{name} is shut down by its provider on {day} ({days}), and what was trained on it with it"


def ended(manifest: Mapping[str, Any], today: datetime.date) -> str | None:
    """Why the model cannot be shipped any more: its provider's date for it, or for its base, is past."""
    gone = [f"{name} was shut down on {day}" for name, day in _ends(manifest).items() if day < today]
    return gone[-1] if gone else None


def _ends(manifest: Mapping[str, Any]) -> dict[str, datetime.date]:
    ends = _served(manifest).get("ends")
    return {str(k): datetime.date.fromisoformat(v) for k, v in ends.items()} if isinstance(ends, Mapping) else {}


def _served(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    found = manifest.get("served")
    return found if isinstance(found, Mapping) else {}


def _means(name: str, asked: str) -> bool:
    """Whether a server may call the model so that was asked for: with a date, a revision, or a path before it."""
    return re.fullmatch(rf"(.*/)?{re.escape(asked)}(-\d{{4}}.*|@.*)?", name) is not None


def _counts(counts: Counter[str]) -> str:
    return "/".join(f"{n:,}" for _, n in counts.most_common())
