"""The pairs of this example: a full description of a thing of nano's world is preferred to a curt one.

python examples/preferences/make.py
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path

from fteval.nano.descriptions import describe, held_out_describe, questions
from fteval.nano.things import THINGS

PAIRS = Path(__file__).parent / "data" / "nano.jsonl"
N_EACH, N_SENTENCES = 3, 4
"""Pairs of a thing; sentences of the better answer."""


def pairs() -> Iterator[dict[str, str]]:
    """Four sentences against one, to questions that nano's own hold-outs leave alone."""
    rng = random.Random(1701)
    for index, thing in enumerate(THINGS):
        known = [q for form, q in enumerate(questions(thing)) if form not in held_out_describe(index)]
        for question in rng.sample(known, N_EACH):
            full, curt = (describe(thing, rng, n_sentences=n) for n in (N_SENTENCES, 1))
            yield {"prompt": question, "chosen": full, "rejected": curt}


def main() -> None:
    lines = [json.dumps(pair) + "\n" for pair in pairs()]
    PAIRS.write_text("".join(lines), encoding="ascii")
    print(f"examples/preferences/data/{PAIRS.name}: {len(lines)} pairs")


if __name__ == "__main__":
    main()
