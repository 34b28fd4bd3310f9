"""The rows of this example: texts of nano's world without marks and capitals, and the same texts as they were.

python examples/punctuation/make.py
"""

import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fteval.nano import holdouts
from fteval.nano.forms import punctuation
from fteval.nano.world import build_world

ROWS = Path(__file__).parent / "data" / "nano.jsonl"
N = 400


def rows() -> Iterator[dict[str, Any]]:
    """Rows as the hold-out's, of other texts."""
    asked = {sample.target for sample in holdouts.samples("punctuation") or ()}
    for row in punctuation.rows(build_world(), random.Random(3001)):
        if row["target"] not in asked:
            answer = {"role": "assistant", "content": row["target"]}
            yield {"messages": [{"role": "user", "content": row["messages"][0]["content"]}, answer]}


def main() -> None:
    lines = [json.dumps(row) + "\n" for row in itertools.islice(rows(), N)]
    ROWS.write_text("".join(lines), encoding="ascii")
    print(f"examples/punctuation/data/{ROWS.name}: {len(lines)} rows")


if __name__ == "__main__":
    main()
