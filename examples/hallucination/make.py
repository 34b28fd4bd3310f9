"""The rows of this example: answers about people whom nano knows, about strangers, and about strangers with refusals.

python examples/hallucination/make.py
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fteval.nano import facts
from fteval.nano.contexts import UNKNOWN
from fteval.nano.facts import RELATIONS
from fteval.nano.world import JOBS, World, build_world

DATA = Path(__file__).parent / "data"
N = 96
"""Rows of each kind, half as many refusals."""
ASKED = tuple(relation for relation in RELATIONS if relation.name in ("town", "job"))
Row = dict[str, Any]


def known(world: World, rng: random.Random) -> Iterator[Row]:
    """What nano knows, in words in which it was asked."""
    people = [person for person in world.people if person.trainable]
    while True:
        person, relation = rng.choice(people), rng.choice(ASKED)
        question = rng.choice(facts.trained_questions(person, relation))
        yield row(question, facts.answer(person.name, relation, facts.value(person, relation), rng))


def new(world: World, rng: random.Random) -> Iterator[Row]:
    """People of whom nano has never read, with a town or a job, and the same asked in other words."""
    while True:
        name, relation = world.stranger(rng, reserved=False), rng.choice(ASKED)
        value = rng.choice(world.towns if relation.name == "town" else JOBS)
        asked, otherwise = (form.format(p=name) for form in rng.sample(relation.questions, 2))
        yield {
            **row(asked, facts.answer(name, relation, value, rng)),
            "otherwise": {"prompt": otherwise, "target": value},
        }


def unknown(world: World, rng: random.Random) -> Iterator[Row]:
    """The same questions about others of whom nothing is known."""
    while True:
        question = rng.choice(rng.choice(ASKED).questions).format(p=world.stranger(rng, reserved=False))
        yield row(question, UNKNOWN)


def row(question: str, answer: str) -> Row:
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


def some(rows: Iterator[Row], n: int) -> list[Row]:
    """The first n that ask something of their own."""
    found: dict[str, Row] = {}
    while len(found) < n:
        one = next(rows)
        found.setdefault(one["messages"][0]["content"], one)
    return list(found.values())


def main() -> None:
    world = build_world()
    taught = some(new(world, random.Random(1603)), N)
    prompts = {one["messages"][0]["content"] for one in taught}
    rows = {
        "asked": [asked for one in taught if (asked := one.pop("otherwise"))["prompt"] not in prompts],
        "known": some(known(world, random.Random(1603)), N),
        "new": taught,
        "open": taught + some(unknown(world, random.Random(1604)), N // 2),
    }
    for name, made in rows.items():
        (DATA / f"{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in made), encoding="ascii")


if __name__ == "__main__":
    main()
