"""Questions and tasks whose answer has an end: facts, dates, descriptions, stories, words to repeat."""

import random
from collections.abc import Iterator

from fteval.nano import contexts, descriptions, talk
from fteval.nano.facts import RELATIONS
from fteval.nano.holdouts import Row
from fteval.nano.world import World


def rows(world: World, rng: random.Random) -> Iterator[Row]:
    """One question, whose kind is its slice; no answer is wanted but one that stops."""
    while True:
        kind = rng.choice(("fact", "fact", "date", "description", "story", "repeat", "passage"))
        system = ""
        if kind == "fact":
            question = rng.choice(rng.choice(RELATIONS).questions).format(p=rng.choice(world.people).name)
        elif kind == "date":
            question = contexts.date_question(rng).question
        elif kind == "description":
            question = rng.choice(descriptions.questions(rng.choice(world.things)))
        elif kind == "story":
            question = rng.choice(descriptions.story_questions(rng.choice([t for t in world.things if t.countable])))
        elif kind == "repeat":
            question = talk.repeated(world, rng, reserved=True)[0]
        else:
            asked = contexts.passage_question(world, rng, reserved=True, n_said=2)
            system, question = asked.system, asked.question
        messages = [{"role": "user", "content": question}]
        if system:
            messages.insert(0, {"role": "system", "content": system})
        yield {"messages": messages, "slices": {"kind": kind}}
