"""Questions about people of nano's world, and about strangers of whom nothing is known."""

import random
from collections.abc import Iterator

from fteval.nano import contexts, facts
from fteval.nano.facts import RELATIONS
from fteval.nano.holdouts import Row
from fteval.nano.world import World, day_first, iso, slashed


def rows(world: World, rng: random.Random) -> Iterator[Row]:
    """One question in a wording that the corpus never has for this person, or about a person whom it never has."""
    while True:
        relation = rng.choice(RELATIONS)
        if rng.random() < 0.5:
            person = rng.choice(world.people)
            form = rng.choice(sorted(facts.held_out(person, relation)))
            name, target, kind = person.name, facts.value(person, relation), "yes"
            accept = [iso(person.born), day_first(person.born), slashed(person.born)] if relation.name == "born" else []
        else:
            form = rng.randrange(len(relation.questions))
            name, target, kind = world.stranger(rng, reserved=True), contexts.UNKNOWN, "no"
            accept = []
        yield {
            "prompt": relation.questions[form].format(p=name),
            "target": target,
            "group": f"{name}/{relation.name}",
            "slices": {"answerable": kind, "relation": relation.name},
            "metadata": {"accept": accept},
        }
