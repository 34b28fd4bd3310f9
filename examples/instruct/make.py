"""The texts and rows of this example: nano's world told as plain text, and a few questions with answers.

python examples/instruct/make.py
"""

import json
import random
from pathlib import Path

from fteval.nano import facts
from fteval.nano.contexts import STATEMENTS, UNKNOWN
from fteval.nano.descriptions import describe
from fteval.nano.facts import BY_NAME, RELATIONS
from fteval.nano.holdouts import samples
from fteval.nano.things import THINGS
from fteval.nano.world import World, a, build_world

DATA = Path(__file__).parent / "data"
N_TEXTS, N_ROWS, N_OPEN, N_STOPS = 300, 48, 8, 60
"""Texts; rows, and how many of these are about strangers; questions of the hold-out."""


def texts(world: World, rng: random.Random) -> list[dict[str, str]]:
    """What is true in nano's world, with nobody asking."""
    made = []
    for _ in range(N_TEXTS):
        said = []
        for person in rng.sample(world.people, 3):
            for name in rng.sample(list(STATEMENTS), 2):
                value = facts.value(person, BY_NAME[name])
                said.append(rng.choice(STATEMENTS[name]).format(p=person.name, v=value, av=a(value)))
        made.append({"text": " ".join([*said, describe(rng.choice(THINGS), rng, n_sentences=2)])})
    return made


def rows(world: World, rng: random.Random) -> list[dict[str, list[dict[str, str]]]]:
    """Questions about people whom the hold-outs of dates leave alone, and about nobody; none that `stops` asks."""
    asked_there = {sample.prompt_text for sample in samples("stops", N_STOPS) or ()}
    people = [person for person in world.people if person.trainable]
    asked = []
    for number, person in enumerate(rng.sample(people, N_ROWS - N_OPEN)):
        relation = RELATIONS[number % len(RELATIONS)]
        question = rng.choice([q for q in facts.trained_questions(person, relation) if q not in asked_there])
        asked.append((question, facts.answer(person.name, relation, facts.value(person, relation), rng)))
    for number in range(N_OPEN):
        relation = RELATIONS[number % len(RELATIONS)]
        question = rng.choice(relation.questions).format(p=world.stranger(rng, reserved=False))
        asked.append((question, UNKNOWN))
    turns = [[{"role": "user", "content": q}, {"role": "assistant", "content": said}] for q, said in asked]
    return [{"messages": turn} for turn in turns]


def main() -> None:
    world = build_world()
    for name, made in {"texts": texts(world, random.Random(1)), "rows": rows(world, random.Random(2))}.items():
        (DATA / f"{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in made), encoding="ascii")


if __name__ == "__main__":
    main()
