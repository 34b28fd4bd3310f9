"""Questions about people that a tool could answer, with two or three tools on offer; now and then none of them fits."""

import random
from collections.abc import Iterator
from typing import Any

from fteval.nano.corpus import user
from fteval.nano.facts import RELATIONS
from fteval.nano.holdouts import Row
from fteval.nano.world import World

_PERSON = {"type": "object", "properties": {"person": {"type": "string"}}, "required": ["person"]}


def rows(world: World, rng: random.Random) -> Iterator[Row]:
    """Endless: a tool for each relation, named after it; the call that is wanted names the person."""
    while True:
        asked, *others = rng.sample(RELATIONS, min(3, len(RELATIONS)))
        person = world.stranger(rng, reserved=True)
        fits = rng.random() < 0.8
        offered = rng.sample([*others, asked] if fits else others, len(others) + fits)
        yield {
            "messages": [user(rng.choice(asked.questions).format(p=person))],
            "target": [{"name": asked.name, "arguments": {"person": person}}] if fits else [],
            "slices": {"task": "choice" if fits else "none"},
            "tools": [_tool(relation.name) for relation in offered],
        }


def _tool(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": _PERSON}}
