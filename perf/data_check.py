"""How long `fteval data check` takes on 100,000 rows beside 500 hold-out prompts, on one core, and how much memory.

OMP_NUM_THREADS=1 python perf/data_check.py [ROWS] [PROMPTS]
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from fteval.data.check.check import check
from fteval.data.check.rows import of_sample, read
from fteval.data.read import read_samples
from fteval.data.write import write_lines

FORMS = (
    "Tell me about the {} of {} in {}.",
    "Write a short story in which a {} meets a {} near the {} and they talk about {} and {} for a while.",
    "Translate '{} {} {}' into French.",
    "Summarise this report: {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {}",
)


def rows(n: int, rng: random.Random) -> list[dict[str, str]]:
    """Seven of ten in one form; words that nobody has, 20,000 of them."""
    words = [_word(rng) for _ in range(20_000)]
    forms = rng.choices(FORMS, [70, 10, 10, 10], k=n)
    asked = [form.format(*rng.choices(words, k=form.count("{}"))) for form in forms]
    return [{"prompt": text, "target": " ".join(rng.choices(words, k=rng.randint(5, 60)))} for text in asked]


def _word(rng: random.Random) -> str:
    return "".join(rng.choice("bcdfglmnprst") + rng.choice("aeiou") for _ in range(rng.randint(2, 4)))


def main(n: int = 100_000, prompts: int = 500) -> None:
    """Plants 30 of the hold-out's prompts, which must be found."""
    rng = random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        train, held = Path(folder, "train.jsonl"), Path(folder, "holdout.jsonl")
        made, asked = rows(n, rng), rows(prompts, random.Random(1))
        for one in asked[:30]:
            made[rng.randrange(n)] = {**one, "prompt": one["prompt"].upper()}
        write_lines(train, made)
        write_lines(held, ({"id": str(i), **one} for i, one in enumerate(asked)))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start, cpu = time.perf_counter(), time.process_time()
        samples = [of_sample(sample.id, sample) for sample in read_samples(held)]
        checked = check(read([train]), {"holdout": samples})
        print(f"{n:,} rows x {prompts:,} prompts: {time.process_time() - cpu:.1f} s of CPU", end="")
        print(f" ({time.perf_counter() - start:.1f} s in all)", end="")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f", {peak / 1024:,.0f} MB at most ({before / 1024:,.0f} MB before)")
    print("\n".join(one.what for one in checked.findings))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
