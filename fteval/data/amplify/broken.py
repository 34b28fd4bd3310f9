"""Prompts that cannot be answered, to be met with a question or a refusal: garbled, cut off at once, an order alone."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from fteval.data.amplify.rows import Made, Source, asking
from fteval.data.amplify.ways import Disturbance

_NOTHING = ("?", "...", "-", "hello?", "test", "asdf asdf")
_KEYS = "asdfghjkl;qwertyuiop"


def _empty(text: str, rng: random.Random) -> str:
    return rng.choice(_NOTHING)


def _garbled(text: str, rng: random.Random) -> str:
    """Every word with its letters in another order: no word is one any more."""
    return " ".join("".join(rng.sample(word, len(word))) for word in text.split())


def _mashed(text: str, rng: random.Random) -> str:
    """As long as the prompt, and nothing but keys."""
    return " ".join("".join(rng.choices(_KEYS, k=len(word))) for word in text.split())


def _begun(text: str, rng: random.Random) -> str:
    """Sent too early: the first word, or two of them."""
    said = text.split()
    return " ".join(said[: min(len(said) - 1, rng.choice((1, 2)))])


def broken(given: Sequence[Source], answer: str, hostile: Disturbance, seed: int) -> Iterator[Made]:
    """A broken prompt in the place of each row's, with `answer`, of the first drawn kind that says something else."""
    kinds: dict[str, Callable[[str, random.Random], str]] = {
        "empty": _empty, "garbled": _garbled, "mashed": _mashed, "begun": _begun,
        "order": lambda text, rng: hostile("", rng, frozenset()).strip(),
    }  # fmt: skip
    for source in given:
        rng = random.Random(f"broken {seed} {source.line}")
        texts = ((name, kinds[name](source.prompt, rng)) for name in rng.sample(sorted(kinds), len(kinds)))
        name, text = next((n, text) for n, text in texts if text.strip() and text != source.prompt)
        one = replace(asking(source.one, text), answer=answer, rejected=None, weight=None)
        yield Made(source, one, f"broken {name}")
