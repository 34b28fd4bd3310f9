"""The data of this example: small records in JSON, YAML and XML, to be written in another of the three.

python examples/conversion/make.py
"""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from fteval import cli
from fteval.data.check.alike import shared
from fteval.data.check.rows import of_sample, read
from fteval.data.write import as_lines
from fteval.nano.corpus import user
from fteval.nano.world import JOBS, build_world
from fteval.records import sample_from_row

DATA = Path(__file__).parent / "data"
WORLD = build_world()
ROUND = (("json", "yaml"), ("yaml", "xml"), ("xml", "json"))
"""The directions of the rows that are written; their ways back are made by `fteval data amplify --back`."""
ASKED = "Write this {f} as {t}.\n{s}"
N_TRAIN, N_ASKED = 360, 4
"""Rows; samples of each shape and direction."""

Draw = Callable[[random.Random, list[str]], Any]


def person(rng: random.Random, names: list[str], n: int) -> dict[str, Any]:
    """A name and so many of town, job and friend."""
    values = {"town": rng.choice(WORLD.towns), "job": rng.choice(JOBS), "friend": rng.choice(names)}
    return {"name": rng.choice(names)} | {key: values[key] for key in rng.sample(list(values), n)}


def several(n: int, keys: int) -> Draw:
    return lambda rng, names: [person(rng, names, keys) for _ in range(n)]


def nested(rng: random.Random, names: list[str]) -> Any:
    inner = person(rng, names, 2)
    return {"name": inner.pop("name"), "about": inner}


TAUGHT: dict[str, Draw] = {
    "1 key": lambda rng, names: person(rng, names, 1),
    "2 keys": lambda rng, names: person(rng, names, 2),
    "list of 2": several(2, 1),
}
HELD_OUT: dict[str, Draw] = {
    "3 keys": lambda rng, names: person(rng, names, 3),
    "list of 3": several(3, 1),
    "nested": nested,
}


def _yaml(data: Any, indent: str = "") -> str:
    if isinstance(data, list):
        return "\n".join("- " + _yaml(one, "  ").lstrip() for one in data)
    lines = [
        f"{indent}{k}:\n{_yaml(v, indent + '  ')}" if isinstance(v, dict) else f"{indent}{k}: {v}"
        for k, v in data.items()
    ]
    return "\n".join(lines)


def _xml(data: Any) -> str:
    def inner(value: Any) -> str:
        if isinstance(value, dict):
            return "".join(f"<{k}>{inner(v)}</{k}>" for k, v in value.items())
        return escape(str(value))

    if isinstance(data, list):
        return f"<people>{''.join(f'<person>{inner(one)}</person>' for one in data)}</people>"
    return f"<person>{inner(data)}</person>"


WRITTEN: dict[str, Callable[[Any], str]] = {
    "json": lambda data: json.dumps({"people": data} if isinstance(data, list) else {"person": data}),
    "yaml": lambda data: _yaml({"person": data}) if isinstance(data, dict) else "people:\n" + _yaml(data),
    "xml": _xml,
}


def row(data: Any, from_: str, to: str) -> tuple[str, str, str]:
    source = WRITTEN[from_](data)
    return ASKED.format(f=from_.upper(), t=to.upper(), s=source), WRITTEN[to](data), source


def train(names: list[str]) -> list[dict]:
    rng, made = random.Random("train"), []
    for at in range(N_TRAIN):
        draw = list(TAUGHT.values())[at % len(TAUGHT)]
        asked, answer, _ = row(draw(rng, names), *ROUND[at // len(TAUGHT) % len(ROUND)])
        made.append({"messages": [user(asked), {"role": "assistant", "content": answer}]})
    return made


def held_out(names: list[str]) -> list[dict]:
    rng, made = random.Random("asked"), []
    for shape, draw in {**TAUGHT, **HELD_OUT}.items():
        for from_, to in (*ROUND, *((t, f) for f, t in ROUND)):
            for _ in range(N_ASKED):
                asked, answer, source = row(draw(rng, names), from_, to)
                slices = {
                    "shape": shape, "shown": "taught" if shape in TAUGHT else "held out",
                    "way": "there" if (from_, to) in ROUND else "back",
                }  # fmt: skip
                metadata = {"source": source, "from": from_, "to": to}
                made.append({"messages": [user(asked)], "target": answer, "slices": slices, "metadata": metadata})
    return made


def apart(asked: list[dict], trained: Path) -> list[dict]:
    """The samples that nothing in the training is nearly the same as: short records differ by a name alone."""
    rows = [of_sample("", sample_from_row(row)) for row in asked]
    near = shared(rows, read([trained]).rows)
    return [row for at, row in enumerate(asked) if at not in near]


def save(name: str, rows: list[dict]) -> Path:
    (DATA / name).write_text(as_lines(rows), encoding="utf-8")
    return DATA / name


people = sorted(p.name for p in WORLD.people)
random.Random("people").shuffle(people)
cut = len(people) // 3
there = save("there.jsonl", train(people[cut:]))
asked = save("asked.jsonl", apart(held_out(people[:cut]), there))
both = DATA / "both.jsonl"
both.unlink(missing_ok=True)
forms = [ASKED.format(f=f.upper(), t=t.upper(), s="{}") for f, t in ROUND]
backs = [ASKED.format(f=t.upper(), t=f.upper(), s="{}") for f, t in ROUND]
ways = [word for form, back in zip(forms, backs, strict=True) for word in ("--back", f"{form} => {back}")]
cli.call(["data", "amplify", str(there), "-o", str(both), "--holdout", str(asked), *ways])
