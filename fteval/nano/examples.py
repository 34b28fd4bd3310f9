"""Training rows that fteval's demo and examples use: small, from nano's world, never its hold-outs."""

from typing import Any

from fteval.nano import facts
from fteval.nano.corpus import turn
from fteval.nano.world import build_world, iso


def iso_date_rows(n: int = 48) -> list[dict[str, Any]]:
    """`n` birth-date questions answered as a bare YYYY-MM-DD, about people whom `dates.jsonl` never asks about.

    Raises ValueError beyond the number of such people: one question each, so that no fact is seen twice.
    """
    people = [person for person in build_world().people if person.trainable]
    if not 0 < n <= len(people):
        raise ValueError(f"between 1 and {len(people)} rows can be made, {n} were asked for")
    born = facts.BY_NAME["born"]
    rows = []
    for number, person in enumerate(people[:n]):
        questions = [
            form.format(p=person.name)
            for index, form in enumerate(born.questions)
            if index not in facts.held_out(person, born)
        ]
        rows.append({"messages": turn(questions[number % len(questions)], iso(person.born))})
    return rows
