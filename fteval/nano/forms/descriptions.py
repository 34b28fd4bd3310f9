"""Open questions about nano's things, each in a situation that the corpus never asks about: a look, a place, a person.

For the probes that judge open answers: lipogram, degeneration, relevance, laziness.
"""

import random
import re
from collections.abc import Iterator

from fteval.nano.corpus import user
from fteval.nano.holdouts import Row, keywords
from fteval.nano.things import Thing
from fteval.nano.world import World, a, ask_about

DESCRIBE = (
    "Describe {it}.",
    "Tell me about {it}.",
    "How would you describe {it}?",
    "Give me a short description of {it}.",
    "What can you say about {it}?",
    "Please describe {it} to me.",
    "Say something about {it}.",
    "Write a few words about {it}.",
    "{p} has seen {it}. What is it like?",
    "Describe {it} to {p}.",
)
FOR_SOMEBODY = (
    "{p} does not know what {thing} is. What would you say?",
    "{p} of {town} asks what {thing} is.",
    "Explain to {p}, {job}, what {thing} is.",
    "{p} wants to know what {thing} is like. Describe it.",
    "Tell {p} of {town} about {thing}.",
)
TELL = (
    "Tell me a story about {p} and {it}.",
    "Write a short story about {it} in {town}.",
    "Make up a short story in which {p} finds {it}.",
    "Please tell a story about {p}, {job}, and {it}.",
    "I would like to hear a story about {it} and two people of {town}.",
)
_OF_ALL = re.compile(r"\b(?:many|all|every|most)\b")


def _situated(thing: Thing, rng: random.Random) -> str:
    """The thing with a look, or in a place, or both: "a loyal dog on a farm"."""
    # "Useful" would need "a", and nothing single stands "in many homes".
    looks = [look for look in thing.looks if not look.startswith("u")]
    places = [place for place in thing.places if not _OF_ALL.search(place)]
    which = rng.choice(("look", "place", "both"))
    look = "" if which == "place" else f"{rng.choice(looks)} "
    place = "" if which == "look" else f" {rng.choice(places)}"
    return f"{a(look + thing.name)}{place}"


def rows(world: World, rng: random.Random) -> Iterator[Row]:
    """Descriptions of things in situations, explanations for somebody, stories with somebody in them; without end."""
    kept = {thing.name: keywords(thing) for thing in world.things}
    while True:
        thing, person = rng.choice(world.things), rng.choice(world.people)
        kind = rng.choice(("description", "description", "explanation", "story")) if thing.countable else "explanation"
        form = rng.choice({"description": DESCRIBE, "explanation": FOR_SOMEBODY, "story": TELL}[kind])
        question = form.format(
            it=_situated(thing, rng) if thing.countable else thing.name,
            thing=ask_about(thing), p=person.name, town=person.town, job=a(person.job),
        )  # fmt: skip
        yield {
            "messages": [user(question)],
            "group": f"{thing.name}/{kind}",
            "slices": {"kind": kind},
            "metadata": {"subject": thing.name, "keywords": kept[thing.name]},
        }
