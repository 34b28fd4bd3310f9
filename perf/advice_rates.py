"""How often "do not fine-tune" and "fine-tune" are said wrongly, with a known truth.

    python perf/advice_rates.py [RUNS]

A fine-tune is right on 80 of 100 samples, and everything passes its gates. `k` alternatives are each worse than the
fine-tune by exactly the margin (5 points): "do not fine-tune" is wrong then. Or one of them is exactly as good:
"fine-tune" is wrong then, whatever the others are (much worse). Every answer is drawn; a share `q` of the samples
differs between fine-tune and alternative. 2.5 % is promised for each.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from made import ones, probe, run

from fteval.records import ASKED, TRAINED, Gate
from fteval.stats.advice import advise
from fteval.stats.compare import compare

MARGIN, RIGHT = 0.05, 0.80
GATE = Gate("facts", "correct", "min_gain", 0.2, margin=MARGIN)
_PASSED = compare(run(probe(ones(100, 10))), [("m", run(probe(ones(100, 90)), ref="m"))], [GATE])[0]
SHIPS = (replace(_PASSED, kind=TRAINED), replace(_PASSED, kind=ASKED))


def said(dice: np.random.Generator, n: int, q: float, behind: list[float]) -> str:
    """What is said of one draw: a fine-tune, and alternatives that are so much worse."""
    tuned = dice.random(n) < RIGHT
    others = []
    for by in behind:
        lost, won = (q + by) / 2 / RIGHT, (q - by) / 2 / (1 - RIGHT)
        draw = dice.random(n)
        others.append(np.where(tuned, draw >= lost, draw < won))
    sides = [(SHIPS[0], tuned), *((SHIPS[1], column) for column in others)]
    kinds = [
        replace(made, name=f"m{i}", run=run(probe([float(right) for right in column]), ref=f"m{i}"))
        for i, (made, column) in enumerate(sides)
    ]
    advice = advise(kinds)
    assert advice is not None
    return advice.word


def main(runs: int) -> None:
    print("| samples | q | alternatives | says | truth is | wrongly |")
    print("|--:|--:|--:|---|---|--:|")
    for n in (100, 300):
        for q in (0.10, 0.25):
            for k in (1, 4):
                dice = np.random.default_rng(n + int(1000 * q) + k)
                worse = Counter(said(dice, n, q, [MARGIN] * k) for _ in range(runs))
                alike = Counter(said(dice, n, q, [0.0, *[0.15 if q > 0.15 else 0.09] * (k - 1)]) for _ in range(runs))
                for word, truth, seen in (
                    ("do_not_fine_tune", "all worse by the margin", worse),
                    ("fine_tune", "one is as good", alike),
                ):
                    print(f"| {n} | {q:.2f} | {k} | {word} | {truth} | {100 * seen[word] / runs:.1f} % |", flush=True)
                print(f"| {n} | {q:.2f} | {k} | do_not_fine_tune | one is as good | "
                      f"{100 * alike['do_not_fine_tune'] / runs:.1f} % (rightly) |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
