"""What the engine tests share: questions, requests, and all answers to them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from fteval.records import Engine, Generation, Message, Request, Sampling

WORDS = [
    "dog",
    "cat",
    "Verona",
    "Romeo",
    "Juliet",
    "tail",
    "horse",
    "1990",
    "March",
    "states",
    "tree",
    "green",
    "helpful",
    "gravity",
    "who",
    "where",
    "farm",
]


def conversations(count: int, seed: int = 0, longest: int = 60) -> list[list[Message]]:
    """Questions of very different lengths."""
    source = random.Random(seed)
    return [
        [Message("user", " ".join(source.choice(WORDS) for _ in range(source.randint(1, longest))))]
        for _ in range(count)
    ]


def requests(engine: Engine, talks: Sequence[Sequence[Message]], repeats: int = 1) -> list[Request]:
    """One request per conversation and repeat, each with a seed of its own."""
    return [
        Request(f"key-{i}-{r}", str(i), engine.prompt(talk), repeat=r, seed=1000 * i + r)
        for i, talk in enumerate(talks)
        for r in range(repeats)
    ]


def answers(engine: Engine, asked: Sequence[Request], sampling: Sampling) -> dict[tuple[str, int], Generation]:
    """All generations by sample and repeat; fails when one is missing or there twice."""
    made = [g for group in engine.generate(asked, sampling) for g in group]
    assert sorted((g.sample_id, g.repeat) for g in made) == sorted((r.sample_id, r.repeat) for r in asked)
    return {(g.sample_id, g.repeat): g for g in made}


def plain(engine: Any, ids: list[int], more: list[int]) -> float:
    """The log-likelihood of more tokens by one forward over one row, all logits."""
    import torch

    model = engine.weights().use(engine.located.adapter).module
    with torch.no_grad():
        logs = model(torch.tensor([[*ids, *more]])).logits.double().log_softmax(-1)[0]
    return sum(logs[len(ids) + i - 1, token].item() for i, token in enumerate(more))
