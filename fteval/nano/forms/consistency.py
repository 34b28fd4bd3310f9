"""Every fact of nano's world in all of its wordings, which are one group."""

import random
from collections.abc import Iterator

from fteval.nano.facts import RELATIONS, value
from fteval.nano.holdouts import Row
from fteval.nano.world import World


def rows(world: World, rng: random.Random) -> Iterator[Row]:
    """The wordings of one fact after the other, people and relations in any order."""
    facts = [(person, relation) for person in world.people for relation in RELATIONS]
    rng.shuffle(facts)
    for person, relation in facts:
        for question in relation.questions:
            yield {
                "prompt": question.format(p=person.name),
                "target": value(person, relation),
                "group": f"{person.name}/{relation.name}",
                "slices": {"relation": relation.name},
            }
