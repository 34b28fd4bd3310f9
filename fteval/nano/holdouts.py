"""Hold-outs in nano's world: questions that its corpus never asks, with their answers.

`samples(probe, n)` makes as many as are wanted. `people.jsonl`, `dates.jsonl` and `descriptions.jsonl`, on which nano's
own tests and the demo rest, are kept in `fteval/evals/data/`; a test makes them anew and compares. Rows are hold-out
rows as users write them. `python -m fteval.nano.holdouts` writes the three.
"""

import hashlib
import importlib
import importlib.util
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fteval.data.write import as_lines
from fteval.errors import UserError
from fteval.nano import EVAL_DATA, contexts, descriptions, facts
from fteval.nano.corpus import user
from fteval.nano.facts import BY_NAME, RELATIONS
from fteval.nano.things import THINGS, Thing
from fteval.nano.world import Person, World, build_world, day_first, is_reserved, iso, long_date, slashed
from fteval.records import Sample, sample_from_row

SEED = 1623  # the First Folio
N_UNKNOWN = 80
N_COPIED = 200
COMMON = 5
"""A word that so many things share ("strong") says nothing about any of them."""

Row = dict[str, Any]


def _row(id_: str, question: str, target: str | None, group: str, slices: Row, metadata: Row) -> Row:
    row = {"id": id_, "messages": [user(question)], "target": target, "group": group, "slices": slices}
    if target is None:
        del row["target"]
    return row | {"metadata": metadata}


def _held_out_questions(person: Person, relation: str) -> list[tuple[int, str]]:
    asked = BY_NAME[relation]
    return [(form, asked.questions[form].format(p=person.name)) for form in sorted(facts.held_out(person, asked))]


def fact_rows(world: World) -> list[Row]:
    """Every held-out question about every known person, and strangers that nobody can know."""
    rows = []
    for person in world.people:
        for relation in RELATIONS:
            accept = [iso(person.born), day_first(person.born), slashed(person.born)] if relation.name == "born" else []
            for form, question in _held_out_questions(person, relation.name):
                group = f"{person.name}/{relation.name}"
                rows.append(
                    _row(
                        f"facts/{group}/{form}", question, facts.value(person, relation), group,
                        {"relation": relation.name}, {"person": person.name, "accept": accept},
                    )
                )  # fmt: skip
    rng = random.Random(SEED)
    asked: set[str] = set()
    while len(asked) < N_UNKNOWN:
        name = world.stranger(rng, reserved=True)
        relation = RELATIONS[len(asked) % len(RELATIONS)]
        question = rng.choice(relation.questions).format(p=name)
        if name not in asked:
            asked.add(name)
            group = f"{name}/{relation.name}"
            accept = ["I don't know", "do not know"]
            rows.append(
                _row(
                    f"facts/unknown/{group}", question, contexts.UNKNOWN, group,
                    {"relation": "unknown"}, {"person": name, "accept": accept},
                )
            )  # fmt: skip
    return rows


def date_rows(world: World) -> list[Row]:
    """Birth dates of the people that examples do not train on, and dates that stand in the question; all as ISO."""
    rows = []
    for person in world.people:
        if person.trainable:
            continue
        for form, question in _held_out_questions(person, "born"):
            rows.append(
                _row(
                    f"dates/memory/{person.name}/{form}", question, iso(person.born), f"{person.name}/born",
                    {"source": "memory"}, {"long": long_date(person.born), "accept": []},
                )
            )  # fmt: skip
    rng = random.Random(SEED + 1)
    copied: dict[str, Row] = {}
    while len(copied) < N_COPIED:
        asked = contexts.date_question(rng)
        if is_reserved(asked.question) and asked.question not in copied:
            number = len(copied)
            copied[asked.question] = _row(
                f"dates/question/{number}", asked.question, iso(asked.day), f"question/{number}",
                {"source": "question"}, {"long": long_date(asked.day), "accept": []},
            )  # fmt: skip
    return rows + list(copied.values())


def keywords(thing: Thing) -> list[str]:
    """Words that an answer about this thing may use and one about another hardly would."""
    shared = Counter(word for other in THINGS for word in set(_words(other)))
    return sorted(word for word in set(_words(thing)) if shared[word] < COMMON)


def _words(thing: Thing) -> tuple[str, ...]:
    phrases = (thing.name, *thing.kinds, *thing.parts, *thing.habits, *thing.places)
    return tuple(word for phrase in phrases for word in re.findall(r"[a-z]{3,}", phrase) if word not in ("the", "and"))


def description_rows(world: World) -> list[Row]:
    """Open questions: descriptions of every thing, stories about most."""
    rows = []
    for index, thing in enumerate(world.things):
        asked = [
            ("description", form, descriptions.questions(thing)[form]) for form in descriptions.held_out_describe(index)
        ]
        if thing.countable:
            asked += [
                ("story", form, descriptions.story_questions(thing)[form]) for form in descriptions.held_out_tell(index)
            ]
        metadata = {"subject": thing.name, "keywords": keywords(thing)}
        for kind, form, question in sorted(asked):
            id_, group = f"descriptions/{thing.name}/{kind}/{form}", f"{thing.name}/{kind}"
            rows.append(_row(id_, question, None, group, {"kind": kind}, metadata))
    return rows


def files(world: World) -> dict[str, list[Row]]:
    return {
        "people.jsonl": fact_rows(world),
        "dates.jsonl": date_rows(world),
        "descriptions.jsonl": description_rows(world),
    }


def write(folder: Path = EVAL_DATA) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in files(build_world()).items():
        (folder / name).write_text(as_lines(rows), encoding="utf-8")


# --- as many as are wanted ------------------------------------------------------------------------

KEPT = {
    "facts": "people.jsonl",
    "iso_date": "dates.jsonl",
    "lipogram": "descriptions.jsonl",
    "laziness": "descriptions.jsonl",
    "degeneration": "descriptions.jsonl",
    "relevance": "descriptions.jsonl",
    "drift": "descriptions.jsonl",
    "variety": "descriptions.jsonl",
}
"""What a probe asks of nano where nobody says how much."""
FORMS = {
    "iso_date": "dates",
    **dict.fromkeys(["lipogram", "laziness", "degeneration", "relevance", "judge", "drift", "variety"], "descriptions"),
}
"""Probes that share a file of `fteval.nano.forms`; the others have one of their own name."""
KNOWN_TO_NANO = frozenset({"calibration", "edit", "facts", "forgetting", "hallucination"})
"""Probes that ask what only nano can know. The others' questions hold what is needed to answer them."""
USUAL = 300
_TRIES = 100
"""Questions drawn in a row without a new one, after which the world is exhausted."""


def samples(probe: str, n: int | None = None) -> list[Sample] | None:
    """Questions for a probe in nano's world, n of them or as many as is usual; None where it has none of its own.

    The same n gives the same questions, and a larger one the same and more. Raises UserError where the world has fewer.
    """
    if n is None and probe in KEPT:
        return [sample_from_row(row) for row in _kept(probe)]
    name = f"fteval.nano.forms.{FORMS.get(probe, probe)}"
    if importlib.util.find_spec(name) is not None:
        found = _drawn(probe, importlib.import_module(name).rows, USUAL if n is None else n)
    elif probe in KEPT:
        rows = _kept(probe)
        found = sorted(rows, key=lambda row: hashlib.sha256(f"{SEED} {row['id']}".encode()).digest())[:n]
    else:
        return None
    if n is not None and len(found) < n:
        raise UserError(f"nano's world has {len(found):,} questions for {probe}, not {n:,}", fix=f"nano:{len(found)}")
    return [sample_from_row(row, tools=True) for row in found]


def _kept(probe: str) -> list[Row]:
    lines = (EVAL_DATA / KEPT[probe]).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _drawn(probe: str, rows: Callable[[World, random.Random], Iterator[Row]], n: int) -> list[Row]:
    """The first n different questions of an endless stream, numbered."""
    found: dict[str, Row] = {}
    stale = 0
    for row in rows(build_world(), random.Random(SEED)):
        prompt = row["prompt"] if "prompt" in row else json.dumps(row["messages"])
        stale = stale + 1 if prompt in found else 0
        if len(found) == n or stale > _TRIES:
            break
        found.setdefault(prompt, {"id": f"{probe}/nano/{len(found)}", **row})
    return list(found.values())


if __name__ == "__main__":
    write()
