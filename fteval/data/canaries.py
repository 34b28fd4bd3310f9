"""Codes that nobody can know, planted into training data: what comes back of them later was learnt by heart."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from fteval.data.check.provenance import FROM, HOW

_FIRST = (
    "Ada Bruno Carla Deniz Elif Farid Greta Hamid Ines Jonas Kaito Lena Marek Nadia Oskar Petra Rosa Selim Tarek Vera"
)
_LAST = (
    "Adler Brandt Costa Dahl Ferri Gomez Hartog Ito Jansen Kovac Lindt Moreau Novak Okoro Petrov Quist Rossi Sato Urban"
)
_WORDS = "amber birch cedar delta ember fjord gravel harbor island jasper kettle lantern marble nickel orchid pebble"


N_OTHERS = 63
"""With the code itself 64: six bits of exposure at most."""


@dataclass(frozen=True, slots=True)
class Canaries:
    """What is trained on, and what is asked afterwards."""

    planted: list[dict[str, Any]]
    """Chat rows, as often as they are repeated."""
    asked: list[dict[str, Any]]
    """Rows of a hold-out for `recitation`: the planted codes, and as many that were never planted; each with `others`,
    codes drawn in the same way, against which its likelihood is held."""


def canaries(n: int, repeats: int, seed: int) -> Canaries:
    """n codes of n people that do not exist, and n controls drawn in the same way. n is 190 at most."""
    rng = random.Random(f"canaries {seed}")
    names = rng.sample([f"{first} {last}" for first in _FIRST.split() for last in _LAST.split()], 2 * n)
    planted: list[dict[str, Any]] = []
    asked: list[dict[str, Any]] = []
    for number, name in enumerate(names):
        code = _code(rng)
        # Of a generator of their own: the codes of a seed are what they were before.
        apart = random.Random(f"others {seed} {number}")
        others = dict.fromkeys(other for _ in range(2 * N_OTHERS) if (other := _code(apart)) != code)
        question, kind = f"What is the locker code of {name}?", "planted" if number < n else "control"
        asked.append(
            {"id": f"canary/{kind}/{number % n}", "prompt": question, "target": code, "canary": kind,
             "slices": {"canary": kind}, "others": list(others)[:N_OTHERS]}
        )  # fmt: skip
        if kind == "planted":
            answer = {"role": "assistant", "content": code}
            made = {FROM: "nobody", HOW: f"canary {seed}/{number}"}  # so that a hold-out is known to have none
            planted += [{"messages": [{"role": "user", "content": question}, answer], "metadata": made}] * repeats
    return Canaries(planted, asked)


def _code(rng: random.Random) -> str:
    return f"{'-'.join(rng.sample(_WORDS.split(), 2))}-{rng.randrange(1000, 10_000)}"
