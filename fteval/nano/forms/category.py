"""Short texts to sort: what a description is about, what somebody is told about a person, how somebody felt."""

import random
from collections.abc import Iterator

from fteval.nano.contexts import STATEMENTS
from fteval.nano.descriptions import describe
from fteval.nano.holdouts import Row
from fteval.nano.world import JOBS, World, a, capital, long_date, random_date

KINDS = {
    "animal": ("dog", "cat", "horse", "bird", "fish", "owl", "elephant", "whale"),
    "tool": ("clock", "lamp", "umbrella", "violin"),
    "food": ("apple", "onion", "bread"),
    "transport": ("car", "ship", "train"),
}
RELATIONS = {"home": "town", "job": "job", "love": "love", "birth": "born"}
MOODS = {
    "good": ("happy", "glad", "calm", "proud"),
    "bad": ("sad", "afraid"),
}
ASK = (
    "Is this about {labels}? {text} Answer with one word.",
    "{text} Say only what it is about: {labels}.",
    "Text: {text}\nWhat is it about, {labels}?",
)
ASK_MOOD = (
    "Is this {labels}? {text} Answer with one word.",
    "{text} Say only whether it is {labels}.",
    "Text: {text}\nIs it {labels}?",
)


def rows(world: World, rng: random.Random) -> Iterator[Row]:
    """One text, its label, and two to four labels to choose from in any order."""
    makers = (_kind, _relation, _mood)
    while True:
        task = rng.choice(makers)
        text, target, labels, ask = task(world, rng)
        others = rng.sample([label for label in labels if label != target], rng.randint(1, len(labels) - 1))
        chosen = rng.sample([target, *others], len(others) + 1)
        question = rng.choice(ask).format(text=text, labels=f"{', '.join(chosen[:-1])} or {chosen[-1]}")
        yield {
            "messages": [{"role": "user", "content": question}],
            "target": target,
            "slices": {"task": task.__name__[1:], "labels": str(len(chosen))},
            "metadata": {"labels": chosen},
        }


def _kind(world: World, rng: random.Random) -> tuple[str, str, tuple[str, ...], tuple[str, ...]]:
    target = rng.choice(tuple(KINDS))
    thing = rng.choice([thing for thing in world.things if thing.name in KINDS[target]])
    return describe(thing, rng, n_sentences=rng.choice((1, 2))), target, tuple(KINDS), ASK


def _relation(world: World, rng: random.Random) -> tuple[str, str, tuple[str, ...], tuple[str, ...]]:
    target = rng.choice(tuple(RELATIONS))
    one, other = rng.sample(world.people, 2)
    job = rng.choice(JOBS)
    value = {
        "town": rng.choice(world.towns),
        "job": job,
        "love": other.name,
        "born": long_date(random_date(rng, 1801, 1999)),
    }[RELATIONS[target]]
    said = rng.choice(STATEMENTS[RELATIONS[target]]).format(p=one.name, v=value, av=a(job))
    return said, target, tuple(RELATIONS), ASK


def _mood(world: World, rng: random.Random) -> tuple[str, str, tuple[str, ...], tuple[str, ...]]:
    target = rng.choice(tuple(MOODS))
    who, friend = rng.sample(world.people, 2)
    forms = ("{who} was {mood}.", "{who} was {mood} in {town}.", "{who} told {friend} about it and was {mood}.")
    said = rng.choice(forms).format(
        who=who.name, friend=friend.name, town=rng.choice(world.towns), mood=rng.choice(MOODS[target])
    )
    return capital(said), target, tuple(MOODS), ASK_MOOD
