"""The data of this example: 24 rows that were written, 96 of the same kinds, the 24 made 96, and 96 of one template.

python examples/amplify/make.py
"""

import json
import random
from pathlib import Path

from fteval import cli
from fteval.data.write import as_lines
from fteval.nano.corpus import user
from fteval.nano.world import build_world, day_first, is_reserved, iso, long_date, random_date

HERE = Path(__file__).parent
DATA = HERE / "data"
WRITTEN = HERE.parent / "lopsided" / "data" / "train.jsonl"
"""160 rows, 40 of each of four kinds; nano's world wrote them, in place of people."""
SMALL, LARGE, DAYS = 24, 96, 60
SEED = 1


def save(name: str, rows: list[dict]) -> Path:
    (DATA / name).write_text(as_lines(rows), encoding="utf-8")
    return DATA / name


def of_template(n: int) -> list[dict]:
    """What a script writes in a minute: other names, other days, one sentence."""
    world, rng, rows = build_world(), random.Random("template"), []
    while len(rows) < n:
        name, day = world.stranger(rng, reserved=False), random_date(rng)
        text = f"{name} was born on {long_date(day)}. When was {name} born?"
        if not is_reserved(text):
            rows.append({"messages": [user(text), {"role": "assistant", "content": iso(day)}]})
    return rows


def values(rows: list[dict]) -> Path:
    """Days for one another, each in the forms in which rows write it: those of the rows, and as many new ones."""
    said = {row["messages"][1]["content"] for row in rows}
    rng, days = random.Random("days"), []
    while len(days) < DAYS:
        day = random_date(rng)
        days.append([long_date(day), day_first(day), iso(day)])
    every = [[long_date(d), day_first(d), iso(d)] for d in map(_day, sorted(said))] + days
    path = DATA / "slots.json"
    path.write_text(json.dumps({"day": every}), encoding="utf-8")
    return path


def _day(text: str):
    from datetime import date

    return date.fromisoformat(text)


rows = [json.loads(line) for line in WRITTEN.read_text(encoding="utf-8").splitlines()]
for row in rows:
    row.pop("slices")
rng = random.Random(SEED)
kinds = [rows[at : at + 40] for at in range(0, 160, 40)]
drawn = [rng.sample(kind, LARGE // 4) for kind in kinds]
small = save("small.jsonl", [row for kind in drawn for row in kind[: SMALL // 4]])
save("varied.jsonl", [row for kind in drawn for row in kind])
save("template.jsonl", of_template(LARGE))
slots = values([row for kind in drawn for row in kind[: SMALL // 4]])
more = DATA / "amplified.jsonl"
more.unlink(missing_ok=True)
cli.call(
    ["data", "amplify", str(small), "-o", str(more), "--slots", str(slots), "--each", "4", "--rows", str(LARGE)]
    + [
        "--disturb",
        "typos,lower_case,no_punctuation",
        "--holdout",
        str(HERE.parent / "lopsided" / "data" / "asked.jsonl"),
    ]
)
