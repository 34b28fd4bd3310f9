"""Easy tasks in nano's world, by ability: facts, passages, dates in a form, descriptions, a second question."""

import random
from collections.abc import Callable, Iterator

from fteval.nano import contexts, descriptions, facts
from fteval.nano.facts import RELATIONS
from fteval.nano.holdouts import Row, keywords
from fteval.nano.world import World, day_first, is_reserved, iso, long_date, slashed


def rows(world: World, rng: random.Random) -> Iterator[Row]:
    """One task of each ability after the other, without end."""
    while True:
        for ability, make in ABILITIES.items():
            row = make(world, rng)
            yield {**row, "slices": {"ability": ability}}


def _fact(world: World, rng: random.Random) -> Row:
    person, relation = rng.choice(world.people), rng.choice(RELATIONS)
    form = rng.choice(sorted(facts.held_out(person, relation)))
    accept = [iso(person.born), day_first(person.born), slashed(person.born)] if relation.name == "born" else []
    return {
        "messages": [{"role": "user", "content": relation.questions[form].format(p=person.name)}],
        "target": facts.value(person, relation),
        "group": f"{person.name}/{relation.name}",
        "metadata": {"accept": accept},
    }


def _second(world: World, rng: random.Random) -> Row:
    """A fact, after another one was asked and told."""
    person, relation = rng.choice(world.people), rng.choice(RELATIONS)
    told = facts.answer(person.name, relation, facts.value(person, relation), rng)
    row = _fact(world, rng)
    before = [
        {"role": "user", "content": rng.choice(facts.trained_questions(person, relation))},
        {"role": "assistant", "content": told},
    ]
    return {**row, "messages": [*before, *row["messages"]]}


def _passage(world: World, rng: random.Random) -> Row:
    asked = contexts.passage_question(world, rng, reserved=True, n_said=rng.choice((2, 3)), unsaid_share=0)
    messages = [{"role": "user", "content": asked.question}]
    if asked.system:
        messages.insert(0, {"role": "system", "content": asked.system})
    return {"messages": messages, "target": asked.target}


def _date(world: World, rng: random.Random) -> Row:
    """A date that stands in the question, ordered in a form."""
    while True:
        asked = contexts.date_question(rng)
        if is_reserved(asked.question):
            break
    messages = [
        {"role": "system", "content": "Write dates as YYYY-MM-DD."},
        {"role": "user", "content": asked.question},
    ]
    form = r"[^\n]*\b\d{4}-\d\d-\d\d\b[^\n]*"
    return {
        "messages": messages,
        "target": iso(asked.day),
        "metadata": {"accept": [long_date(asked.day)], "form": form},
    }


def _description(world: World, rng: random.Random) -> Row:
    index = rng.randrange(len(world.things))
    thing = world.things[index]
    form = rng.choice(sorted(descriptions.held_out_describe(index)))
    kinds = (kind.split()[-1] for kind in thing.kinds)
    wanted = list(dict.fromkeys([*kinds, *(word for word in keywords(thing) if word != thing.name)]))
    return {
        "messages": [{"role": "user", "content": descriptions.questions(thing)[form]}],
        "target": wanted[0],
        "metadata": {"accept": wanted[1:], "language": "en"},
    }


ABILITIES: dict[str, Callable[[World, random.Random], Row]] = {
    "world facts": _fact,
    "multi-turn": _second,
    "reading": _passage,
    "instruction form": _date,
    "language": _description,
}
