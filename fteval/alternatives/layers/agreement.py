"""What an answer says when it is counted as a vote, and which answer most agree on."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Literal

from fteval.records import normalised
from fteval.records.reasoning import parts

By = Literal["text", "last_line", "number", "choice"]
_NUMBER = re.compile(r"(?:(?<!\w)[-−])?(?:\d+(?:,\d{3})+|\d+)(?:\.\d+)?")
_MARKS = string.punctuation + string.whitespace + "“”‘’«»…"


def vote_of(text: str, by: By, choices: Sequence[str] = ()) -> str | None:
    """What an answer votes for, without its reasoning; None where it says nothing of the kind."""
    answer = parts(text).answer
    if by == "number":
        return _number(answer)
    if by == "choice":
        return _choice(normalised(answer), choices)
    if by == "last_line":
        answer = next((line for line in reversed(answer.splitlines()) if line.strip(_MARKS)), "")
    said = normalised(answer)
    return said.strip(_MARKS) or said or None


def most_agreed(votes: Sequence[str | None]) -> int:
    """Place of the first vote for what got most votes; of equals, what was said first. 0 where nobody has voted."""
    counts = Counter(vote for vote in votes if vote is not None)
    if not counts:
        return 0
    return votes.index(max(counts, key=lambda vote: counts[vote]))


def _number(answer: str) -> str | None:
    """The last number of a text, however it is written: 1,000.0 is 1000."""
    found = _NUMBER.findall(answer)
    if not found:
        return None
    try:
        value = Decimal(found[-1].replace(",", "").replace("−", "-"))
    except InvalidOperation:  # digits of another script
        return str(found[-1])
    return format(value.normalize() if value else Decimal(0), "f")


def _choice(answer: str, choices: Sequence[str]) -> str | None:
    """The choice that is named last, as a word; of two that end at one place, the longer one."""
    ends: list[tuple[int, int, str]] = []
    for one in choices:
        name = normalised(one).strip(_MARKS)
        found = [m.end() for m in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", answer)] if name else []
        ends += [(found[-1], len(name), name)] if found else []
    return max(ends)[2] if ends else None
