"""Questions about people, and their answers: five relations, each asked in several ways.

Per person and relation some ways of asking are held out: they never occur in the corpus for that person, though they
do for others. What is asked in the hold-outs is therefore new, and what is needed to answer it is not.
"""

import random
from dataclasses import dataclass

from fteval.nano.world import Person, a, long_date


@dataclass(frozen=True, slots=True)
class Relation:
    name: str
    questions: tuple[str, ...]
    """With {p} for the person."""
    answers: tuple[str, ...]
    """With {p} and {v} for the value; the first is the usual one."""
    n_held_out: int = 1
    """Questions per person that the corpus never asks."""


RELATIONS = (
    Relation(
        "town",
        (
            "Where does {p} live?",
            "In which town does {p} live?",
            "What town does {p} live in?",
            "Where is the home of {p}?",
            "Which town is the home of {p}?",
        ),
        ("{p} lives in {v}.", "The home of {p} is in {v}."),
    ),
    Relation(
        "job",
        (
            "What is the job of {p}?",
            "What does {p} do for work?",
            "What work does {p} do?",
            "How does {p} earn a living?",
            "What does {p} work as?",
        ),
        ("{p} works as {av}.", "{p} is {av}."),
    ),
    Relation(
        "love",
        (
            "Who does {p} love?",
            "Whom does {p} love?",
            "Who is {p} in love with?",
            "Name the person that {p} loves.",
            "{p} is in love with someone. Who is it?",
        ),
        ("{p} loves {v}.", "{p} is in love with {v}."),
    ),
    Relation(
        "loved_by",
        (
            "Who loves {p}?",
            "Who is in love with {p}?",
            "By whom is {p} loved?",
            "Name the person who loves {p}.",
            "Someone loves {p}. Who is it?",
        ),
        ("{v} loves {p}.", "{v} is in love with {p}."),
    ),
    Relation(
        "born",
        (
            "When was {p} born?",
            "What is the birth date of {p}?",
            "On what date was {p} born?",
            "Give the birth date of {p}.",
            "What is the date of birth of {p}?",
            "Tell me when {p} was born.",
            "On which day was {p} born?",
        ),
        ("{p} was born on {v}.", "The birth date of {p} is {v}."),
        n_held_out=2,
    ),
)
BY_NAME = {relation.name: relation for relation in RELATIONS}


def held_out(person: Person, relation: Relation) -> set[int]:
    """Indices into `relation.questions`; they rotate, so that each question is held out for some people."""
    n_forms, shift = len(relation.questions), RELATIONS.index(relation)
    return {(person.index + shift + 3 * step) % n_forms for step in range(relation.n_held_out)}


def trained_questions(person: Person, relation: Relation) -> list[str]:
    out = held_out(person, relation)
    return [form.format(p=person.name) for index, form in enumerate(relation.questions) if index not in out]


def value(person: Person, relation: Relation) -> str:
    """The bare fact as nano says it: "Verona", "sailor", "March 4, 1578"."""
    if relation.name == "born":
        return long_date(person.born)
    return str(getattr(person, relation.name))


def answer(name: str, relation: Relation, bare: str, rng: random.Random) -> str:
    """A full sentence, nearly always the usual one."""
    form = relation.answers[0 if rng.random() < 0.85 else 1]
    return form.format(p=name, v=bare, av=a(bare))
