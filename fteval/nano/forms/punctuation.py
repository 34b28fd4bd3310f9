"""Texts of nano's world without marks and capitals, to be restored."""

import random
import re
from collections.abc import Iterator

from fteval.nano import contexts, descriptions
from fteval.nano.facts import RELATIONS, answer
from fteval.nano.holdouts import Row
from fteval.nano.world import JOBS, World, a

ASK = (
    "Write this with marks and big letters: {text}",
    "Add the marks and big letters: {text}",
    "{text}\n\nWrite it again with marks and big letters.",
)


def rows(world: World, rng: random.Random) -> Iterator[Row]:
    """One text of one to four sentences; the kind of text is its slice."""
    makers = (_description, _date, _people, _talk)
    while True:
        make = rng.choice(makers)
        text = make(world, rng)
        yield {
            "messages": [{"role": "user", "content": rng.choice(ASK).format(text=without_marks(text))}],
            "target": text,
            "slices": {"kind": make.__name__[1:]},
        }


def without_marks(text: str) -> str:
    """Lower case, words and single spaces."""
    return " ".join(re.sub(r"[^\w\s]", "", text).lower().split())


def _description(world: World, rng: random.Random) -> str:
    return descriptions.describe(rng.choice(world.things), rng, n_sentences=rng.choice((1, 2)))


def _date(world: World, rng: random.Random) -> str:
    asked = contexts.date_question(rng)
    return asked.sentence if rng.random() < 0.5 else asked.question


def _people(world: World, rng: random.Random) -> str:
    one, other, third = (person.name for person in rng.sample(world.people, 3))
    forms = (
        f"{one}, {other} and {third} live in {rng.choice(world.towns)}.",
        f"{one} is {a(rng.choice(JOBS))}, and {other} is {a(rng.choice(JOBS))}.",
        f"{one} told {other} about it, but {third} did not know.",
        f"Does {one} love {other}? No, {one} loves {third}.",
    )
    return rng.choice(forms)


def _talk(world: World, rng: random.Random) -> str:
    person, relation = rng.choice(world.people), rng.choice([r for r in RELATIONS if r.name != "born"])
    value = {
        "town": rng.choice(world.towns),
        "job": rng.choice(JOBS),
    }.get(relation.name) or rng.choice(world.people).name
    return f"{rng.choice(relation.questions).format(p=person.name)} {answer(person.name, relation, value, rng)}"
