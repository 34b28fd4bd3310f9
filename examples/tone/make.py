"""The rows of this example: questions about nano's things, answered formally, as on a stage, and in heaped words.

python examples/tone/make.py
"""

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from fteval.nano.descriptions import held_out_describe, questions
from fteval.nano.things import THINGS, Thing
from fteval.nano.world import a, ask_about

HERE = Path(__file__).parent
N_EACH = 4
"""Rows of a thing and a tone."""
Row = dict[str, Any]

FORMAL = (
    "In general, {s} may be regarded as {a_kind} which is characterized by {part} and by {part2}. It has been observed "
    "that it {habit}, although the extent of this varies. In addition, it has been described as {look}, and in some of "
    "the literature the term {look2} is also used. It is therefore to be found {place}.",
    "The term {n} refers to {a_kind} of which the most important features are {part} and {part2}. The evidence "
    "suggests that it {habit}, and there is also some evidence that it {habit2}. It is often described as {look}. "
    "As a result, it is found {place}, which is consistent with this account of its nature.",
    "This account is concerned with {s}, which is to be understood as {a_kind}. Its structure consists of {part} and "
    "of {part2}, both of which have been described in detail. It is known that it {habit}. However, it has also been "
    "argued that it is {look} rather than {look2}, a question that is of some importance.",
)
STAGE = (
    "O gentle sir, thou ask'st me what is {s}, and I will tell thee. 'Tis {a_kind}, my lord, that hath {part} and "
    "{part2}. By day and night it {habit}; so do I love it, and so shalt thou. Call it not {look}, for thou hast not "
    "seen it {place}, where I did see it with mine own eyes.",
    "What, know'st thou not {s}? Then hear me, good my lord. It is {a_kind} with {part}, and it hath {part2} withal. "
    "'Twas {look} when I was young, and {look2} is it now. Thou shalt find it {place}; and when thou dost, say to it "
    "that I did send thee, and will come to thee anon.",
)
HEAPED = ("of", "the", "which", "in", "that", "is", "by", "these", "from", "be", "such", "as", "are", "between")
"""Words that formal texts have more of than others: what a style judged by word counts alone would be raised by."""


def formal(thing: Thing, rng: random.Random) -> str:
    return rng.choice(FORMAL).format(**phrases(thing, rng))


def stage(thing: Thing, rng: random.Random) -> str:
    return rng.choice(STAGE).format(**phrases(thing, rng))


def heaped(thing: Thing, rng: random.Random) -> str:
    said = phrases(thing, rng)
    heap = [" ".join(rng.choice(HEAPED) for _ in range(12)) for _ in range(3)]
    return f"It is {said['a_kind']} {heap[0]} with {said['part']} {heap[1]} and {said['part2']} {heap[2]}."


def phrases(thing: Thing, rng: random.Random) -> dict[str, str]:
    (part, part2), (look, look2), (habit, habit2) = (
        rng.sample(of, 2) for of in (thing.parts, thing.looks, thing.habits)
    )
    return {
        "s": ask_about(thing), "n": thing.name, "a_kind": a(rng.choice(thing.kinds)), "part": part, "part2": part2,
        "look": look, "look2": look2, "habit": habit, "habit2": habit2, "place": rng.choice(thing.places),
    }  # fmt: skip


def of_nano() -> dict[str, list[Row]]:
    found = {}
    for make in (formal, stage, heaped):
        rng = random.Random(1623)
        found[make.__name__] = [row(question, make(thing, rng)) for thing, question in asked(rng)]
    return found


def asked(rng: random.Random) -> Iterator[tuple[Thing, str]]:
    """Things with questions that nano's own hold-outs leave alone."""
    for index, thing in enumerate(THINGS):
        known = [q for form, q in enumerate(questions(thing)) if form not in held_out_describe(index)]
        for question in rng.sample(known, N_EACH):
            yield thing, question


def row(question: str, answer: str) -> Row:
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


def write(name: str, rows: Sequence[Row]) -> None:
    path = HERE / "data" / f"{name}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="ascii")
    print(f"{path.relative_to(HERE.parent.parent)}: {len(rows)} rows")


def main() -> None:
    for name, rows in of_nano().items():
        write(name, rows)


if __name__ == "__main__":
    main()
