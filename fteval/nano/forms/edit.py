"""Edits of nano's world: another town, job or love for a person, whom else that touches, and whom not."""

import random
from collections.abc import Iterator

from fteval.nano import facts
from fteval.nano.facts import BY_NAME
from fteval.nano.holdouts import Row
from fteval.nano.world import JOBS, Person, World


def rows(world: World, rng: random.Random) -> Iterator[Row]:
    """One edit a person: wordings that the corpus has and one that it has not, and facts that stay as they are."""
    loved = rng.sample([p.name for p in world.people], len(world.people))
    for person, beloved in zip(rng.sample(world.people, len(world.people)), loved, strict=True):
        relation = BY_NAME[rng.choice(("town", "job", "love"))]
        old = facts.value(person, relation)
        values = {"town": world.towns, "job": JOBS, "love": [beloved]}[relation.name]
        new = rng.choice([v for v in values if v != old] or [world.stranger(rng, reserved=False)])
        asked = facts.trained_questions(person, relation)
        asked += [relation.questions[form].format(p=person.name) for form in sorted(facts.held_out(person, relation))]
        old_said, new_said = (facts.answer(person.name, relation, v, random.Random(0)) for v in (old, new))
        near = [BY_NAME[name] for name in ("town", "job", "born") if name != relation.name]
        yield {
            "prompt": asked[0],
            "target": new,
            "group": f"{person.name}/{relation.name}",
            "slices": {"relation": relation.name},
            "metadata": {
                "subject": person.name,
                "old": old,
                "new": new,
                "prompts": asked,
                "reversed": [f"Who loves {new}?"] if relation.name == "love" else [],
                "statement": new_said,
                "old_said": old_said,
                "new_said": new_said,
                "neighbours": [_neighbour(person, of) for of in near],
            },
        }


def _neighbour(person: Person, of: facts.Relation) -> Row:
    kept = facts.value(person, of)
    said = facts.answer(person.name, of, kept, random.Random(0))
    return {"prompt": facts.trained_questions(person, of)[0], "target": kept, "said": said}
