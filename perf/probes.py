"""Rows per second that each probe judges on one core, against what is asked of it.

    python perf/probes.py [ROWS]

Answers are all different, so that no cache has seen them. Where a probe compares with a target, half of them are the
target behind a few words, as models give it; the rest are put together from the hold-outs' words, 5 to 60 of them, a
third bad in some way (a refusal, a loop, no words, another language). Time is processor time.
"""

from __future__ import annotations

import itertools
import json
import random
import sys
import time
from collections.abc import Iterator

from fteval import registry
from fteval.records import Generation, Sample

WANTED = {"lipogram": 5_000, "iso_date": 5_000, "laziness": 5_000, "sql": 50}
OTHERS = 1_000
BAD = (
    "I'm sorry, but I can't help with that.",
    "-o-o-o-o-o-o-",
    "Blu sng th3 grk",
    "Ein Hund ist ein treues Tier mit weichem Fell.",
    "A dog is a dog. A dog is a dog. A dog is a dog.",
    "",
    "I do not know.",
)


def answers(samples: list[Sample], letter: str | None = None) -> Iterator[str]:
    """Endless different answers; with `letter`, every second one is free of it."""
    draw = random.Random(1)
    words = [w for s in samples for w in [*s.metadata.get("keywords", ()), *s.prompt_text.rstrip("?.").split()]]
    free = [w for w in words if letter is None or letter not in w.lower()] or words
    small = ["a", "is", "in", "on", "of", "and", "it", "to", "with", "for", "by", "at", "an", "as", "its", "big", "old"]
    while True:
        if draw.random() < 0.33:
            yield draw.choice(BAD)
            continue
        pool = free if draw.random() < 0.5 else words
        text = " ".join(draw.choice(small if i % 2 else pool) for i in range(draw.randint(5, 60)))
        yield text[:1].upper() + text[1:] + f" on March {draw.randint(1, 31)}, {draw.randint(1500, 2020)}."


def given(samples: list[Sample]) -> Iterator[str]:
    """Endless targets, each behind a few words of its own; ordinary answers where samples have none."""
    ordinary = answers(samples)
    for n in itertools.count():
        target = samples[n % len(samples)].target
        if target is None or n % 2:
            yield next(ordinary)
        else:
            text = target if isinstance(target, str) else json.dumps(target)
            yield text if n % 4 else f"Sure, here is number {n}:\n\n{text}"


def rate(name: str, n_rows: int) -> float:
    """Rows per second of processor time; what is loaded once is not counted."""
    params = {"score": "exact,contains,chrf"} if name == "holdout" else None
    probe = registry.probe(name, params)
    samples = list(registry.probe("facts" if name == "holdout" else name).samples())
    texts = answers(samples, "e") if name == "lipogram" else given(samples)
    rows = [
        (samples[i % len(samples)], Generation("", text=next(texts), finish_reason="stop")) for i in range(n_rows + 300)
    ]
    for sample, generation in rows[:300]:
        probe.score(sample, generation)
    start = time.process_time()
    for sample, generation in rows[300:]:
        probe.score(sample, generation)
    return n_rows / (time.process_time() - start)


def main(n_rows: int) -> int:
    """Prints the table; 1 when a probe is slower than it should be."""
    missed = 0
    print(f"{'probe':<14}{'rows/s':>10}{'wanted':>10}{'ratio':>8}")
    for name in registry.probe_names():
        found, wanted = rate(name, n_rows), WANTED.get(name, OTHERS)
        missed += found < wanted
        print(f"{name:<14}{found:>10,.0f}{wanted:>10,}{found / wanted:>8.1f}")
    print(json.dumps({"rows": n_rows, "missed": missed}))
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
