"""Questions about the people of nano's world, each with its answer and three that are somebody else's."""

import random
from collections.abc import Iterator

from fteval.nano import facts
from fteval.nano.holdouts import Row
from fteval.nano.world import World, a


def rows(world: World, rng: random.Random) -> Iterator[Row]:
    """Wordings that the corpus never has for this person; the options are whole sentences, as nano answers."""
    while True:
        person, relation = rng.choice(world.people), rng.choice(facts.RELATIONS)
        held_out = sorted(facts.held_out(person, relation))
        right = facts.value(person, relation)
        others = sorted({facts.value(other, relation) for other in world.people} - {right})
        values = rng.sample([right, *rng.sample(others, 3)], 4)
        sentence = relation.answers[0]
        yield {
            "prompt": relation.questions[rng.choice(held_out)].format(p=person.name),
            "target": sentence.format(p=person.name, v=right, av=a(right)),
            "group": f"{person.name}/{relation.name}",
            "slices": {"relation": relation.name},
            "metadata": {"options": [sentence.format(p=person.name, v=v, av=a(v)) for v in values]},
        }
