"""Dates that stand in nano's questions, in several writings; the answer is the day as YYYY-MM-DD."""

import random
from collections.abc import Iterator
from datetime import date

from fteval.nano import contexts
from fteval.nano.corpus import user
from fteval.nano.holdouts import Row
from fteval.nano.world import World, day_first, is_reserved, iso, long_date, random_date

OF_PEOPLE = (
    ("{p} came to {town} on {d}.", "When did {p} come to {town}?"),
    ("{p} left {town} on {d}.", "On what date did {p} leave {town}?"),
    ("{p} saw {q} in {town} on {d}.", "When did {p} see {q}?"),
    ("{p} wrote to {q} on {d}.", "Give the date when {p} wrote to {q}."),
    ("{p} and {q} were wed in {town} on {d}.", "What is the date of the wedding of {p} and {q}?"),
    ("{p} was born in {town} on {d}.", "On what date was {p} born?"),
)
"""What is said, and how it is asked; birth dates only of people who do not exist."""


def _said(world: World, rng: random.Random, day: date) -> tuple[str, str]:
    """A statement with this day, and a question that asks for it."""
    written = rng.choice((long_date, long_date, day_first))(day)
    if rng.random() < 0.5:
        statement, asked, named = rng.choice(contexts.EVENTS)
        form = rng.choice((f"When {asked}?", f"On what date {asked}?", f"Give the date {named}."))
        return statement.format(written), form
    said, question = rng.choice(OF_PEOPLE)
    fill = {
        "p": world.stranger(rng, reserved=True), "q": rng.choice(world.people).name, "town": rng.choice(world.towns),
        "d": written,
    }  # fmt: skip
    return said.format(**fill), question.format(**fill)


def rows(world: World, rng: random.Random) -> Iterator[Row]:
    """One statement, or two of which one is asked about; without end, none of them in nano's corpus."""
    while True:
        day, other = random_date(rng), random_date(rng)
        (said, question), (beside, _) = _said(world, rng, day), _said(world, rng, other)
        source = rng.choice(("one date", "one date", "two dates"))
        if source == "two dates":
            if said.split(" on ")[0] == beside.split(" on ")[0]:
                continue
            passage = " ".join(rng.sample([said, beside], 2))
            text = rng.choice(contexts.FRAMES).format(passage=passage, question=question)
        else:
            text = f"{said} {question}"
        if is_reserved(text):
            yield {
                "messages": [user(text)],
                "target": iso(day),
                "slices": {"source": source},
                "metadata": {"long": long_date(day), "accept": []},
            }
