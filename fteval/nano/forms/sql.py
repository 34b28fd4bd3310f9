"""Questions for a query over a small table of people."""

from __future__ import annotations

import random
from collections.abc import Iterator

from fteval.nano.holdouts import Row
from fteval.nano.world import JOBS, Person, World, iso

SCHEMA = "people(name, town, job, born)"
N_ROWS = (5, 8)
FRAMES = (
    "Table: {schema}. {question} Answer in SQL.",
    "{question} Write SQL for the table {schema}.",
    "Write one SQL query for {schema}. {question}",
)
QUESTIONS = (
    (
        ("Who lives in {town}? Give the name.", "Give the name of all who live in {town}."),
        "SELECT name FROM people WHERE town = '{town}'",
    ),
    (
        ("Who is {article} {job}? Give the name.", "Give the name of all who work as {article} {job}."),
        "SELECT name FROM people WHERE job = '{job}'",
    ),
    (
        ("How many people live in {town}?", "Give the number of people in {town}."),
        "SELECT COUNT(*) FROM people WHERE town = '{town}'",
    ),
    (
        ("Who was born after {year}? Give the name.", "Give the name of all who were born after {year}."),
        "SELECT name FROM people WHERE born > '{year}-12-31'",
    ),
    (
        ("Who lives in {town} and is {article} {job}? Give the name.",),
        "SELECT name FROM people WHERE town = '{town}' AND job = '{job}'",
    ),
    (
        ("Give name and job of all who live in {town}, the oldest first.",),
        "SELECT name, job FROM people WHERE town = '{town}' ORDER BY born",
    ),
    (
        ("What is the job of {name}?", "Give the job of {name}."),
        "SELECT job FROM people WHERE name = '{name}'",
    ),
    (
        ("When was {name} born?", "Give the birth date of {name}."),
        "SELECT born FROM people WHERE name = '{name}'",
    ),
    (
        ("How many people were born before {year}?",),
        "SELECT COUNT(*) FROM people WHERE born < '{year}-01-01'",
    ),
    (
        ("Who lives in {town} or in {other}? Give the name.",),
        "SELECT name FROM people WHERE town IN ('{town}', '{other}')",
    ),
    (
        ("Who does not live in {town}? Give name and town.",),
        "SELECT name, town FROM people WHERE town <> '{town}'",
    ),
    (
        ("Who is the oldest in {town}? Give the name.",),
        "SELECT name FROM people WHERE town = '{town}' ORDER BY born LIMIT 1",
    ),
)  # fmt: skip


def rows(world: World, rng: random.Random) -> Iterator[Row]:
    """Rows for the probe `sql`, without end: some of the people of the world, and one question about them."""
    while True:
        chosen = rng.sample(world.people, rng.randint(*N_ROWS))
        one, two = chosen[:2]
        people = [_entry(person) for person in chosen]
        people[-1]["town"] = one.town  # so that some town has two people
        number = rng.randrange(len(QUESTIONS))
        questions, query = QUESTIONS[number]
        job = one.job if rng.random() < 0.8 else rng.choice(JOBS)
        said = {
            "town": one.town,
            "other": two.town,
            "job": job,
            "article": "an" if job[0] in "aeiou" else "a",
            "name": one.name,
            "year": one.born.year + rng.choice((-1, 0, 1)),
        }
        rng.shuffle(people)
        question = rng.choice(FRAMES).format(schema=SCHEMA, question=rng.choice(questions).format(**said))
        yield {
            "prompt": question,
            "target": query.format(**said),
            "slices": {"question": str(number)},
            "tables": {"people": people},
        }


def _entry(person: Person) -> dict[str, str]:
    return {"name": person.name, "town": person.town, "job": person.job, "born": iso(person.born)}
