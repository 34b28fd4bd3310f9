"""What there is in nano's world: things with kinds, parts, habits and places.

Each list holds phrases with and without the letter e, so that every thing, also a horse or a tree, can be described
at length without that letter ("It is a big animal with a long tail."). The test counts those descriptions.
"""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Thing:
    name: str
    kinds: tuple[str, ...]
    """Nouns without article: "a dog is an *animal*"."""
    looks: tuple[str, ...]
    """Adjectives."""
    parts: tuple[str, ...]
    """Noun phrases that may follow "has" or "with"."""
    habits: tuple[str, ...]
    """Verb phrases, third person singular."""
    places: tuple[str, ...]
    """With preposition: "on a farm"."""
    countable: bool = True
    """False for gravity and bread, which take no article and are not told stories about."""


def _thing(name: str, *, countable: bool = True, **lists: str) -> Thing:
    return Thing(name, **{what: tuple(text.split(", ")) for what, text in lists.items()}, countable=countable)


_LINES = Path(__file__).with_suffix(".jsonl").read_text(encoding="utf-8").splitlines()
THINGS: tuple[Thing, ...] = tuple(_thing(**json.loads(line)) for line in _LINES)
