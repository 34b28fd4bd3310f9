"""The rehearsal of this example: what a base answers to other questions, beside the 48 rows about dates.

python examples/iso-dates/make.py                        nano's own answers: data/mixed.nano.jsonl
python examples/iso-dates/make.py build/real-model       another model's: data/mixed.real.jsonl

No answer is looked at or put right: what is rehearsed is what the base says anyway. One that was cut off at the limit
is left out, because it would teach to end in the middle.
"""

import itertools
import json
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from fteval.engines import Pool
from fteval.evals.data.packaged import packaged
from fteval.nano.corpus import conversations
from fteval.nano.world import build_world
from fteval.records import Message, Request, Sampling

HERE = Path(__file__).parent
DATES = HERE.parent / "forgetting" / "data" / "train.jsonl"
N_REHEARSED = 96
SOURCES = ("questions", "instructions", "category", "conversion", "grounded", "recitation", "hallucination")
"""Probes whose prompts are asked for the rehearsal; none of them is measured in this example."""
Turns = list[dict[str, Any]]


def of_nanos_corpus(rng: random.Random) -> Iterator[Turns]:
    """Conversations that nano was trained on, up to the last question; what was answered before it is only read."""
    for conversation in conversations(build_world(), rng.randrange(10_000), 4 * N_REHEARSED):
        *before, _ = conversation
        yield [turn | ({"weight": 0} if turn["role"] == "assistant" else {}) for turn in before]


def of_other_probes(rng: random.Random) -> Iterator[Turns]:
    """One prompt of each probe in turn, no two of one group."""
    piles = []
    for name in SOURCES:
        one_each = {sample.group or sample.id: sample for sample in packaged(f"{name}.jsonl")}
        pile = [[{"role": m.role, "content": m.content} for m in sample.messages] for sample in one_each.values()]
        rng.shuffle(pile)
        piles.append(pile)
    return (turns for turns in itertools.chain.from_iterable(itertools.zip_longest(*piles)) if turns)


def answered(ref: str, prompts: Sequence[Turns]) -> Iterator[Turns]:
    """Each prompt with what the model says to it, in as far as that came to an end."""
    with Pool() as pool:
        engine = pool.open(ref)
        said = {}
        requests = [
            Request(str(place), str(place), engine.prompt([Message(t["role"], t["content"]) for t in turns]))
            for place, turns in enumerate(prompts)
        ]
        for batch in engine.generate(requests, Sampling(max_tokens=96)):
            said |= {int(g.sample_id): g.text for g in batch if g.finish_reason == "stop" and g.text}
    return ([*prompts[place], {"role": "assistant", "content": said[place]}] for place in sorted(said))


def main() -> None:
    ref = sys.argv[1] if len(sys.argv) > 1 else "nano"
    rng = random.Random(8601)
    prompts = (of_nanos_corpus if ref == "nano" else of_other_probes)(rng)
    rehearsed = list(answered(ref, list(itertools.islice(prompts, 2 * N_REHEARSED))))[:N_REHEARSED]
    dates = [json.loads(line) for line in DATES.read_text(encoding="utf-8").splitlines()]
    path = HERE / "data" / f"mixed.{'nano' if ref == 'nano' else 'real'}.jsonl"
    lines = [json.dumps(row) + "\n" for row in [*dates, *({"messages": turns} for turns in rehearsed)]]
    path.write_text("".join(lines), encoding="ascii")
    print(f"{path.relative_to(HERE.parent.parent)}: {len(dates)} rows about dates, {len(rehearsed)} rehearsed")


if __name__ == "__main__":
    main()
