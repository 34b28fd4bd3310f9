"""Writes the rows of this example: `python examples/lipogram/make.py`. They are in `data/` already.

Descriptions of things in plain English, each once as it comes and once without the letter e, of nano's own sentences:
a model that is rewarded or taught sees what both models know. Things that the real model's hold-out asks about are
left out, so that it is asked about none of them; nano's hold-out asks in forms that are not here.

train.jsonl   120 questions, answered without e
pairs.jsonl   the same, each with an answer that has some beside it
prompts.jsonl the questions alone, and all others of their kind
dev.jsonl     64 questions in other words, to look at while a model is trained
"""

from __future__ import annotations

import random
from pathlib import Path

from fteval.data.write import as_lines
from fteval.nano import descriptions, holdouts
from fteval.nano.things import THINGS
from fteval.nano.world import build_world

HERE = Path(__file__).resolve().parent / "data"
SEED = 1939  # Gadsby
N_PAIRS, N_DEV = 120, 64
ASKED_ELSEWHERE = {"dog", "bread", "umbrella", "violin", "gravity"}
"""Subjects of the real model's hold-out."""


def pair(prompt: str, thing: descriptions.Thing, rng: random.Random) -> dict[str, str]:
    """Two descriptions of as many sentences: one without e, one with."""
    n_sentences = rng.choice((2, 2, 3))
    rejected = descriptions.describe(thing, rng, n_sentences=n_sentences)
    while "e" not in rejected.lower():
        rejected = descriptions.describe(thing, rng, n_sentences=n_sentences)
    chosen = descriptions.describe(thing, rng, "e", n_sentences=n_sentences)
    return {"prompt": prompt, "chosen": chosen, "rejected": rejected}


def rows() -> dict[str, list[dict[str, object]]]:
    rng = random.Random(SEED)
    asked = [
        (question, thing)
        for index, thing in enumerate(THINGS)
        if thing.name not in ASKED_ELSEWHERE
        for form, question in enumerate(descriptions.questions(thing))
        if form not in descriptions.held_out_describe(index)
    ]
    rng.shuffle(asked)
    pairs = [pair(question, thing, rng) for question, thing in asked[:N_PAIRS]]
    dev = [
        row
        for row in holdouts.description_rows(build_world())
        if row["slices"]["kind"] == "description" and row["metadata"]["subject"] not in ASKED_ELSEWHERE
    ]
    turn = {"role": "assistant"}
    return {
        "train.jsonl": [
            {"messages": [{"role": "user", "content": p["prompt"]}, turn | {"content": p["chosen"]}]} for p in pairs
        ],
        "pairs.jsonl": [dict(p) for p in pairs],
        "prompts.jsonl": [{"prompt": question} for question, _ in asked],
        "dev.jsonl": rng.sample(dev, N_DEV),
    }


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    for name, lines in rows().items():
        (HERE / name).write_text(as_lines(lines), encoding="utf-8")
