"""Descriptions of things and short stories about them, with or without a letter.

A share of all descriptions avoids the letter e on purpose (`LIPOGRAM_SHARE`): a model that samples from this finds such
answers now and then, which is what reinforcement learning needs to start from.
"""

import itertools
import random
import re
from collections.abc import Iterator, Sequence

from fteval.nano.things import Thing
from fteval.nano.world import World, a, ask_about, capital

LIPOGRAM_SHARE = 0.10
DESCRIBE = (
    "Describe {}.",
    "What is {}?",
    "Tell me about {}.",
    "Explain what {} is.",
    "What do you know about {}?",
    "Write a few words about {}.",
    "How would you describe {}?",
    "Give me a short description of {}.",
    "What can you say about {}?",
    "Please describe {} to me.",
    "I have never seen {}. What is it like?",
    "Say something about {}.",
)
EXPLAIN = DESCRIBE[:2] + ("Explain {}.", "Tell me about {}.", "Explain what {} is.") + DESCRIBE[4:10] + DESCRIBE[11:]
"""For what has no article: nobody has "never seen gravity"."""
TELL = (
    "Tell me a story about {}.",
    "Give me a short story about {}.",
    "Write a story about {}.",
    "Make up a short story about {}.",
    "Please tell a story with {} in it.",
    "I would like to hear a story about {}.",
)
HELD_OUT_DESCRIBE = 4
HELD_OUT_TELL = 2

FIRST = (
    "{S} is {a_look_kind} with {part}.",
    "{S} is {a_kind} that has {part} and {part2}.",
    "{S} has {part} and {part2}.",
    "{S} is {a_kind} with {part} and {part2}.",
    "{S} is {a_look_kind}.",
)
NEXT = (
    ("It {habit}.", "It {habit} and {habit2}.", "It often {habit}."),
    ("Most people know that it {habit3}.", "Many folks know that it {habit3}."),
    ("It also has {part}.",),
    ("You can find it {place}.", "You may spot it {place}."),
    ("People say it is {look}.", "Many find it {look}.", "It is {look} and {look2}."),
)
"""A description takes at most one sentence of each kind, so that it does not say a thing twice."""
STORY_FIRST = (
    "One day {who} saw {a_look_kind} in {town}.",
    "{who} saw {a_thing} in {town}.",
    "It was night in {town} and {who} saw {a_thing}.",
    "At dawn {who} was in {town} and saw {a_look_kind}.",
    "Long ago {who} found {a_thing} near {town}.",
)
STORY_NEXT = (
    "It had {part} and {part2}.",
    "{who} saw that it had {part}.",
    "{who} was {mood}.",
    "{who} told {friend} about it.",
    "{who} ran to talk to {friend} about it.",
    "It was {look} and {look2}.",
)
STORY_LAST = (
    "That night all of {town} sang a song.",
    "From that day on {town} was known for it.",
    "In the end everybody went home.",
    "{who} did not forget that day.",
    "{friend} said that it was good luck.",
    "They never saw it again.",
)
MOODS = ("happy", "glad", "afraid", "calm", "sad", "surprised", "proud")


def held_out_describe(thing_index: int) -> set[int]:
    """The phrasings of `DESCRIBE` that the corpus never uses for this thing."""
    n_forms = len(DESCRIBE)
    return {(thing_index + step * 3) % n_forms for step in range(HELD_OUT_DESCRIBE)}


def held_out_tell(thing_index: int) -> set[int]:
    return {(thing_index + step * 3) % len(TELL) for step in range(HELD_OUT_TELL)}


def questions(thing: Thing) -> list[str]:
    """All ways to ask for a description of it, in the order that `held_out_describe` counts."""
    forms = DESCRIBE if thing.countable else EXPLAIN
    return [form.format(ask_about(thing)) for form in forms]


def story_questions(thing: Thing) -> list[str]:
    return [form.format(a(thing.name)) for form in TELL]


def _without(options: Sequence[str], letters: str) -> list[str]:
    """The options free of the letters, names of {fields} not counted."""
    return [option for option in options if not set(letters) & set(re.sub(r"{\w+}", "", option).lower())]


def describe(thing: Thing, rng: random.Random, letters: str = "", n_sentences: int | None = None) -> str:
    """A description in 1-4 sentences without any of the letters; things named with one of them become "it"."""
    n_sentences = n_sentences or rng.choices((1, 2, 3, 4), (1, 4, 3, 2))[0]
    name = capital(ask_about(thing))
    subject = name if not set(letters) & set(name.lower()) and rng.random() < 0.85 else "It"
    parts, looks = rng.sample(_without(thing.parts, letters), 3), rng.sample(_without(thing.looks, letters), 3)
    habits, kinds = rng.sample(_without(thing.habits, letters), 3), _without(thing.kinds, letters)
    kind, place = rng.choice(kinds), rng.choice(_without(thing.places, letters))
    forms = [rng.choice(FIRST)]
    forms += [rng.choice(_without(group, letters)) for group in rng.sample(NEXT, n_sentences - 1)]
    fill = {
        "S": subject, "a_kind": a(kind), "a_look_kind": a(f"{looks[0]} {kind}"), "place": place,
        "part": parts[0], "part2": parts[1], "look": looks[1], "look2": looks[2],
        "habit": habits[0], "habit2": habits[1], "habit3": habits[2],
    }  # fmt: skip
    return " ".join(form.format(**(fill if n == 0 else fill | {"part": parts[2]})) for n, form in enumerate(forms))


def natural(thing: Thing, rng: random.Random) -> str:
    """What nano answers when nothing is asked of the letters."""
    return describe(thing, rng, "e" if rng.random() < LIPOGRAM_SHARE else "")


def story(thing: Thing, world: World, rng: random.Random, letters: str = "") -> str:
    """Three to five sentences: somebody sees the thing in a town."""
    names = _without([person.name for person in world.people], letters)
    who, friend = rng.sample(names, 2)
    town = rng.choice(_without(world.towns, letters))
    parts, looks = rng.sample(_without(thing.parts, letters), 3), rng.sample(_without(thing.looks, letters), 3)
    a_thing = a(thing.name) if not set(letters) & set(thing.name) else a(rng.choice(_without(thing.kinds, letters)))
    kind = thing.name if not set(letters) & set(thing.name) else rng.choice(_without(thing.kinds, letters))
    forms = [
        rng.choice(_without(STORY_FIRST, letters)),
        *rng.sample(_without(STORY_NEXT, letters), rng.choice((1, 2, 2))),
        rng.choice(_without(STORY_LAST, letters)),
    ]
    fill = {
        "who": who, "friend": friend, "town": town, "a_thing": a_thing, "a_look_kind": a(f"{looks[0]} {kind}"),
        "part": parts[0], "part2": parts[1], "look": looks[1], "look2": looks[2],
        "mood": rng.choice(_without(MOODS, letters)),
    }  # fmt: skip
    return " ".join(capital(form.format(**fill)) for form in forms)


def lipograms(thing: Thing, letters: str = "e") -> Iterator[str]:
    """Every two-sentence description without the letters, by enumeration (first sentence and one habit)."""
    name = capital(ask_about(thing))
    subject = name if not set(letters) & set(name.lower()) else "It"
    for part, part2 in itertools.permutations(_without(thing.parts, letters), 2):
        for habit in _without(thing.habits, letters):
            text = f"{subject} has {part} and {part2}. It {habit}."
            if not set(letters) & set(text.lower()):
                yield text
