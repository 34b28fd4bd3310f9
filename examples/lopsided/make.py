"""The data of this example: questions for a date, of four kinds, answered as YYYY-MM-DD.

python examples/lopsided/make.py
"""

import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from fteval.data.write import as_lines
from fteval.nano.contexts import EVENTS, FRAMES
from fteval.nano.corpus import user
from fteval.nano.forms.dates import OF_PEOPLE
from fteval.nano.world import build_world, day_first, is_reserved, iso, long_date, random_date

HERE = Path(__file__).parent
WORLD = build_world()
N_TRAIN, N_ASKED = 40, 30
"""Of each kind; the hold-out's texts never occur in nano's corpus, nor in the training."""


def event(rng: random.Random, day: date, written: str) -> str:
    statement, asked, _ = rng.choice(EVENTS)
    return f"{statement.format(written)} When {asked}?"


def person(rng: random.Random, day: date, written: str) -> str:
    said, question = rng.choice(OF_PEOPLE[:4])
    names = {
        "p": WORLD.stranger(rng, reserved=True),
        "q": rng.choice(WORLD.people).name,
        "town": rng.choice(WORLD.towns),
    }
    return f"{said.format(d=written, **names)} {question.format(**names)}"


def passage(rng: random.Random, day: date, written: str) -> str:
    (one, asked, _), (other, _, _) = rng.sample(EVENTS, 2)
    said = [one.format(written), other.format(long_date(random_date(rng)))]
    return rng.choice(FRAMES).format(passage=" ".join(rng.sample(said, 2)), question=f"When {asked}?")


def written_out(rng: random.Random, day: date, written: str) -> str:
    return f"Write {written} in the form YYYY-MM-DD."


KINDS = {"event": event, "person": person, "passage": passage, "order": written_out}


def rows(rng: random.Random, kind: str, *, held_out: bool) -> Iterator[dict[str, Any]]:
    while True:
        day = random_date(rng)
        text = KINDS[kind](rng, day, rng.choice((long_date, day_first))(day))
        if is_reserved(text) == held_out:
            slices, metadata = {"kind": kind}, {"long": long_date(day), "accept": []}
            if held_out:
                yield {"messages": [user(text)], "target": iso(day), "slices": slices, "metadata": metadata}
            else:
                yield {"messages": [user(text), {"role": "assistant", "content": iso(day)}], "slices": slices}


def write(name: str, each: int, *, held_out: bool) -> None:
    made = [
        row
        for kind in KINDS
        for _, row in zip(range(each), rows(random.Random(f"{name} {kind}"), kind, held_out=held_out), strict=False)
    ]
    (HERE / "data" / name).write_text(as_lines(made), encoding="utf-8")


write("train.jsonl", N_TRAIN, held_out=False)
write("asked.jsonl", N_ASKED, held_out=True)
