"""The world that nano knows: things, people, their towns, jobs, loves and birth dates. Standard library only.

Everything follows from `SEED`, so the corpus, the hold-outs and the probes' ground truth agree without sharing files.
Names come from one set of syllables: a stranger sounds exactly like a known person and can only be told by memory.
"""

import hashlib
import random
from dataclasses import dataclass
from datetime import date

from fteval.nano.things import THINGS, Thing


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


SEED = 1597  # the year Romeo and Juliet was first printed
N_PEOPLE = 122
MONTHS = _words("January February March April May June July August September October November December")
SYLLABLES = _words(
    "al ba bren cor da del dor el fa fin gar ha il jo ka kel la lin ma mi nal no or pa ral ri sa sol ta tor u va ven "
    "wil ya zo"
)
TOWN_ENDS = _words("ton ford burg wick ham port holm dale mere")
JOBS = _words(
    "baker smith singer farmer sailor writer painter judge miner cook guard pilot potter tailor weaver hunter teacher "
    "nurse barber clerk carpenter doctor actor artist engineer author"
)
RESERVED = 8
"""One in so many questions and strangers' names is kept out of the corpus, for the hold-outs."""


@dataclass(frozen=True, slots=True)
class Person:
    index: int
    name: str
    town: str
    job: str
    love: str
    loved_by: str
    born: date
    trainable: bool
    """A half of the people, whose birth dates examples may fine-tune on; the other half is only ever asked about."""


@dataclass(frozen=True, slots=True)
class World:
    people: tuple[Person, ...]
    towns: tuple[str, ...]
    things: tuple[Thing, ...] = THINGS

    @property
    def names(self) -> frozenset[str]:
        return frozenset(person.name for person in self.people)

    def stranger(self, rng: random.Random, *, reserved: bool) -> str:
        """A name that belongs to nobody; a reserved one never occurs in the corpus."""
        while True:
            name = random_name(rng)
            if name not in self.names and is_reserved(name) == reserved:
                return name


def build_world(seed: int = SEED) -> World:
    """The same world for the same seed, on any machine and Python version from 3.11."""
    rng = random.Random(seed)
    towns = ["Verona"]
    while len(towns) < 60:
        town = random_town(rng)
        if town not in towns:
            towns.append(town)
    names = ["Romeo", "Juliet"]
    while len(names) < N_PEOPLE:
        name = random_name(rng)
        if name not in names:
            names.append(name)
    love = dict(zip(names, _loves(rng, N_PEOPLE), strict=True))
    loved = {names[beloved]: name for name, beloved in love.items()}
    people = []
    for index, name in enumerate(names):
        romantic = index < 2
        people.append(
            Person(
                index=index,
                name=name,
                town="Verona" if romantic else rng.choice(towns),
                job=("sailor", "singer")[index] if romantic else rng.choice(JOBS),
                love=names[love[name]],
                loved_by=loved[name],
                born=(date(1578, 3, 4), date(1580, 7, 31))[index] if romantic else random_date(rng, 1801, 1999),
                trainable=not romantic and index % 2 == 0,
            )
        )
    return World(tuple(people), tuple(towns))


def _loves(rng: random.Random, n_people: int) -> list[int]:
    """A permutation without fixed points that pairs the first two: everybody is loved by exactly one other."""
    rest = list(range(2, n_people))
    while True:
        beloved = rng.sample(rest, len(rest))
        if all(lover != one for lover, one in zip(rest, beloved, strict=True)):
            return [1, 0, *beloved]


def random_name(rng: random.Random) -> str:
    """Two or three different syllables; some 37,000 names."""
    while True:
        name = "".join(rng.sample(SYLLABLES, rng.choice((2, 2, 3)))).capitalize()
        if name not in ("Data", "Fake", "Lama", "Mania", "Papal"):
            return name


def random_town(rng: random.Random) -> str:
    """Known by its ending, so that it is never taken for a person."""
    return (rng.choice(SYLLABLES) + rng.choice((*SYLLABLES, "")) + rng.choice(TOWN_ENDS)).capitalize()


def random_date(rng: random.Random, first_year: int = 1801, last_year: int = 2030) -> date:
    return date(rng.randint(first_year, last_year), rng.randint(1, 12), rng.randint(1, 28))


def is_reserved(text: str) -> bool:
    """Whether this question (or stranger's name) belongs to the hold-outs: by its hash, so no list can go stale."""
    return hashlib.sha256(text.encode()).digest()[0] % RESERVED == 0


def long_date(day: date) -> str:
    """Nano's own form: "March 4, 1578"."""
    return f"{MONTHS[day.month - 1]} {day.day}, {day.year}"


def iso(day: date) -> str:
    return day.isoformat()


def slashed(day: date) -> str:
    return f"{day.day}/{day.month}/{day.year}"


def day_first(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def a(noun_phrase: str) -> str:
    """With its article: "an apple", "a dog". The world has no silent h and no "university"."""
    return f"{'an' if noun_phrase[0].lower() in 'aeiou' else 'a'} {noun_phrase}"


def capital(text: str) -> str:
    """First letter upper case, the rest as it was (`str.capitalize` would spoil names)."""
    return text[:1].upper() + text[1:]


def ask_about(thing: Thing) -> str:
    """The thing as questions name it: "a dog", "gravity"."""
    return a(thing.name) if thing.countable else thing.name
