"""Facts of nano's world to be written as JSON."""

import random
from collections.abc import Iterator
from typing import Any

from fteval.nano.corpus import user
from fteval.nano.holdouts import Row
from fteval.nano.world import JOBS, World, a, iso, long_date, random_date, random_town

ASKED = (
    "{text} Write this as JSON with the keys {keys}.",
    "{text} Give {keys} as JSON.",
    "Read this. {text} Answer with JSON only. The keys are {keys}.",
    "Write JSON with {keys}. Use this text: {text}",
)
SAID = {
    "town": ("{p} lives in {v}.", "The home of {p} is in {v}."),
    "job": ("{p} works as {av}.", "{p} is {av}."),
    "love": ("{p} loves {v}.", "{p} is in love with {v}."),
    "born": ("{p} was born on {v}.", "The birth date of {p} is {v}."),
}
"""How a text says what stands under a key."""


def rows(world: World, rng: random.Random) -> Iterator[Row]:
    """Endless: one to four statements about somebody, and the object that holds them. Dates are to be YYYY-MM-DD."""
    while True:
        name = rng.choice(world.people).name if rng.random() < 0.5 else world.stranger(rng, reserved=True)
        keys = rng.sample(list(SAID), rng.randint(1, len(SAID)))
        target: dict[str, Any] = {"name": name}
        sentences = []
        for key in keys:
            written, target[key] = _value(key, world, rng)
            sentences.append(rng.choice(SAID[key]).format(p=name, v=written, av=a(written)))
        named = f"{', '.join(list(target)[:-1])} and {list(target)[-1]}"
        question = rng.choice(ASKED).format(text=" ".join(sentences), keys=named)
        if "born" in keys:
            question += " Write the date as YYYY-MM-DD."
        schema = {
            "type": "object",
            "properties": {key: {"type": "string"} for key in target},
            "required": list(target),
            "additionalProperties": False,
        }
        yield {
            "messages": [user(question)],
            "target": target,
            "slices": {"keys": str(len(target))},
            "metadata": {"schema": schema},
        }


def _value(key: str, world: World, rng: random.Random) -> tuple[str, str]:
    """A value as the text has it and as JSON wants it."""
    if key == "born":
        day = random_date(rng, 1801, 1999)
        return long_date(day), iso(day)
    if key == "town":
        value = rng.choice(world.towns) if rng.random() < 0.5 else random_town(rng)
    elif key == "job":
        value = rng.choice(JOBS)
    else:
        value = rng.choice(world.people).name
    return value, value
