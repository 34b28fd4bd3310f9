"""The rows of this example: JSON, SQL and labels in nano's world, and no question of the hold-outs.

python examples/structured/make.py
"""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fteval.nano.forms import category, json_schema, sql
from fteval.nano.holdouts import samples
from fteval.nano.world import World, build_world

DATA = Path(__file__).parent / "data"
N, N_ASKED = 200, 60
"""Rows of each kind; questions of its hold-out."""
Row = dict[str, Any]
KINDS: dict[str, Callable[[World, random.Random], Iterator[Row]]] = {
    "json_schema": json_schema.rows,
    "sql": sql.rows,
    "category": category.rows,
}


def rows(kind: str) -> Iterator[Row]:
    """Questions with answers, as chat; each question once."""
    seen = {sample.prompt_text for sample in samples(kind, N_ASKED) or ()}
    for one in KINDS[kind](build_world(), random.Random(1616)):
        question = one["prompt"] if "prompt" in one else one["messages"][-1]["content"]
        target = one["target"] if isinstance(one["target"], str) else json.dumps(one["target"])
        if question not in seen:
            seen.add(question)
            yield {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": target}]}


def main() -> None:
    made = {kind: [one for one, _ in zip(rows(kind), range(N), strict=False)] for kind in KINDS}
    mixed = [one for row in zip(*made.values(), strict=True) for one in row]
    (DATA / "train.jsonl").write_text("".join(json.dumps(one) + "\n" for one in mixed), encoding="ascii")


if __name__ == "__main__":
    main()
