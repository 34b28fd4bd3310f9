"""Published rewards, by their names: how a model was taught to write without a letter, and what it made of that.

published_naive       3.0 for an answer without the letter, else -1.5 for each. A model that stops at once gets 3.0.
published_floor       the same, and -2.0 for an answer under five characters: "Hippo" is the answer to everything.
published_curriculum  3.0 for an answer without the letter and long enough, which grows from `start_len` to `end_len`
                      characters, else a penalty for each letter that grows too; -2.0 under five characters. Words go.

Each is here to be watched failing; the parameters are those of `Rule`, and any of them may ramp.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fteval import registry
from fteval.errors import UserError, suggest
from fteval.evals.language.text import fold_letters


@dataclass(frozen=True, slots=True)
class Rule:
    """A reward for an answer without a letter."""

    letter: str = "e"
    without: float = 3.0
    """For an answer that has none, and is long enough."""
    each: float = -1.5
    """For each letter of one that has some."""
    floor: int = 0
    """Characters under which an answer gets `short`, whatever it says; 0 is off."""
    short: float = -2.0
    length: int = 0
    """Characters from which on an answer is long enough; a shorter one without the letter gets 0."""

    def __post_init__(self) -> None:
        if len(fold_letters(self.letter)) != 1:
            raise UserError(f"'letter' is {self.letter!r}, wanted one letter")

    def reward(self, text: str) -> float:
        text = text.strip()
        if len(text) < self.floor:
            return self.short
        found = fold_letters(text).count(fold_letters(self.letter))
        if found:
            return self.each * found
        return self.without if len(text) >= self.length else 0.0


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "published_naive": {},
    "published_floor": {"floor": 5},
    "published_curriculum": {
        "floor": 5,
        "each": {"from": -0.05, "to": -0.4, "over": 1.0},
        "start_len": 20,
        "end_len": 100,
    },
}


def params(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters of a preset. Raises UserError for one that is not there."""
    if name not in PRESETS:
        raise UserError(f"no published reward '{name}'. {suggest(name, PRESETS)}")
    found = {**PRESETS[name], **given}
    if "start_len" in found:
        start, end = found.pop("start_len"), found.pop("end_len", 100)
        found.setdefault("length", {"from": start, "to": end, "over": 1.0})
    return found


def rule(params: Mapping[str, Any]) -> Rule:
    """The rule with parameters as they are by now."""
    made: Rule = registry.make(Rule, params, owner="the reward")
    return made
