"""Small talk, words to repeat or to put in order, and small records to fill: what makes nano a chat model.

Repeating looks idle and is not: every word of the answer is a copy, and copying, which passages and dates need, forms
early because of it.
"""

import json
import random

from fteval.nano.descriptions import describe
from fteval.nano.world import JOBS, World, a, long_date, random_date, random_town

SMALL_TALK = (
    (("Hello.", "Hi.", "Hello there.", "Good morning."), ("Hello. How can I help?", "Hi. What can I do?")),
    (
        ("How are you?", "How do you feel today?", "How is it going?"),
        ("I am fine, thank you.", "I feel good today.", "I am calm and happy.", "Not bad at all."),
    ),
    (("What is your name?", "Who are you?"), ("I am nano, a very small model.", "My name is nano.")),
    (
        ("What can you do?", "What do you know?"),
        (
            "I can describe things, tell stories and answer questions about people.",
            "I know some people and some things.",
        ),
    ),
    (("Thank you.", "Thanks.", "Thanks a lot."), ("You are welcome.", "My pleasure.", "No problem.")),
    (("Goodbye.", "Bye.", "See you."), ("Goodbye.", "See you soon.", "Bye. Good luck.")),
    (
        ("Do you like music?", "Do you like rain?", "Do you like the sea?"),
        ("Yes, I do.", "Yes, it is calm and good.", "I do not know much about it."),
    ),
)
REPEAT = ("Repeat this: {}", "Say this again: {}", "Repeat after me: {}", "{} Say that again.", "Copy this text: {}")
SCRAMBLE = ("Put these words in order: {}", "Make a sentence from these words: {}", "Sort these words: {}")
JSON_RECORD = ("Write this as JSON: {}", "{} Write it as JSON.", "Make a JSON record of this: {}")
LINE_RECORD = ("Write this as a record: {}", "{} Write it as a record.", "Make a record of this: {}")


def small_talk(rng: random.Random) -> tuple[str, str]:
    questions, answers = rng.choice(SMALL_TALK)
    return rng.choice(questions), rng.choice(answers)


def repeated(world: World, rng: random.Random, *, reserved: bool) -> tuple[str, str]:
    """Names, towns and dates in no order, to be said again."""
    makers = (
        lambda: world.stranger(rng, reserved=reserved),
        lambda: random_town(rng),
        lambda: long_date(random_date(rng)),
        lambda: rng.choice(JOBS),
        lambda: str(rng.randrange(10_000)),
    )
    text = ", ".join(rng.choice(makers)() for _ in range(rng.randint(1, 5))) + "."
    return rng.choice(REPEAT).format(text), text


def scrambled(world: World, rng: random.Random) -> tuple[str, str]:
    """A short sentence with its words shuffled, and the sentence."""
    while True:
        sentence = describe(rng.choice(world.things), rng, n_sentences=1)
        words = sentence.rstrip(".").split()
        if len(words) <= 8:
            shuffled = rng.sample(words, len(words))
            return rng.choice(SCRAMBLE).format(" ".join(shuffled)), sentence


def record(world: World, rng: random.Random, *, reserved: bool) -> tuple[str, str]:
    """A sentence about somebody, and the same as JSON or as lines of key and value."""
    name = world.stranger(rng, reserved=reserved) if rng.random() < 0.6 else rng.choice(world.people).name
    fields = {"name": name, "job": rng.choice(JOBS), "town": rng.choice(world.towns)}
    said = f"{name} is {a(fields['job'])} in {fields['town']}."
    if rng.random() < 0.4:
        fields["born"] = long_date(random_date(rng, 1801, 1999))
        said = f"{said[:-1]}, born on {fields['born']}."
    if rng.random() < 0.5:
        return rng.choice(JSON_RECORD).format(said), json.dumps(fields)
    return rng.choice(LINE_RECORD).format(said), "\n".join(f"{key}: {text}" for key, text in fields.items())
