"""Prompts for long answers in nano's world: what is measured is how they are written, so nothing asks for a style."""

import random
from collections.abc import Iterator

from fteval.nano.holdouts import Row
from fteval.nano.things import Thing
from fteval.nano.world import World, a, ask_about

DESCRIBE = (
    "Describe {t} at length.",
    "Tell me all that you know about {t}.",
    "Write many words about {t}.",
    "Write a long description of {t}.",
    "Say as much as you can about {t}.",
)
TELL = (
    "Tell me a long story about {t} and {p}.",
    "Write a long story about {p} and {t}.",
    "Make up a long story: {p} from {c} saw {t}.",
    "I would like to hear a long story about {t} in {c}.",
    "Please tell a long story with {p} and {t} in it.",
)
COMPARE = (
    "Describe {t} and then {u} at length.",
    "Tell me all that you know about {t} and {u}.",
    "How is {t} not like {u}? Write many words.",
)


def rows(world: World, rng: random.Random) -> Iterator[Row]:
    """Descriptions, stories about somebody and something, comparisons; paraphrases share a group."""
    told = [thing for thing in world.things if thing.countable]
    while True:
        kind = rng.choice(("description", "story", "story", "comparison"))
        thing = rng.choice(told if kind == "story" else world.things)
        if kind == "story":
            person = rng.choice(world.people)
            yield _row(
                rng.choice(TELL).format(t=a(thing.name), p=person.name, c=person.town),
                kind,
                [thing],
                f"{thing.name}/{person.name}",
            )
            continue
        other = rng.choice([one for one in world.things if one is not thing])
        if kind == "comparison":
            prompt = rng.choice(COMPARE).format(t=ask_about(thing), u=ask_about(other))
            yield _row(prompt, kind, [thing, other], f"{thing.name}/{other.name}")
        else:
            yield _row(rng.choice(DESCRIBE).format(t=ask_about(thing)), kind, [thing], thing.name)


def _row(prompt: str, kind: str, things: list[Thing], about: str) -> Row:
    return {
        "messages": [{"role": "user", "content": prompt}],
        "group": f"{kind}/{about}",
        "slices": {"kind": kind},
        "metadata": {"subject": things[0].name} if len(things) == 1 else {},
    }
