"""What the reference costs: the two likelihoods of 300 answers against the time it took to make them.

    python perf/judge.py [MODEL …] [--answers 300] [--answer-tokens 256]     default: nano

Limit: 0.35 of the time of generating, in one process, on the same prompts and after both were warmed. The time is the
processor's, because others may be at work beside it. MODEL is any local model ref, such as the folder that
`make real-model` makes.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from fteval import registry
from fteval.engines.pool import Pool
from fteval.nano import holdouts
from fteval.records import Engine, Request, Sample, Sampling
from fteval.runs.asking.reference import Answer, Reader, Reference

LIMIT = 0.35


def samples(model: str, n: int) -> list[Sample]:
    """Questions that a model can answer at length: nano knows its own world only."""
    own = holdouts.samples("relevance", n) if model == "nano" else list(registry.probe("relevance").samples())
    found = own or []
    return [found[i % len(found)] for i in range(n)]


def generated(engine: Engine, asked: Sequence[Sample], tokens: int) -> tuple[list[Answer], float, int]:
    """The answers, the seconds they took and their tokens."""
    requests = [Request(str(i), s.id, engine.prompt(s.messages)) for i, s in enumerate(asked)]
    began = time.process_time()
    made = [g for group in engine.generate(requests, Sampling(max_tokens=tokens)) for g in group]
    seconds = time.process_time() - began
    answers = [Answer(g.key, asked[int(g.key)].messages, g.text or "") for g in made]
    return answers, seconds, sum(g.completion_tokens or 0 for g in made)


def read(engine: Engine, answers: Sequence[Answer]) -> float:
    """Seconds for both likelihoods of every answer."""
    reader = Reader(Reference(engine.ref, engine, "judge"))
    began = time.process_time()
    for _ in reader.ask(reader.missing(pair for answer in answers for pair in answer.pairs)):
        pass
    return time.process_time() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=["nano"], metavar="MODEL")
    parser.add_argument("--answers", type=int, default=300)
    parser.add_argument("--answer-tokens", type=int, default=256)
    parser.add_argument("--dtype", default="auto")
    args = parser.parse_args()
    slow = 0
    for model in args.models:
        with Pool(dtype=args.dtype) as pool:
            engine = pool.open(model)
            asked = samples(model, args.answers)
            warm, _, _ = generated(engine, asked[:4], 8)
            read(engine, warm)
            answers, making, tokens = generated(engine, asked, args.answer_tokens)
            judging = read(engine, answers)
        ratio = judging / making
        slow += ratio > LIMIT
        print(
            f"{model}: {len(answers)} answers of {tokens / len(answers):.0f} tokens made in {making:.1f} s, "
            f"read in {judging:.1f} s: {ratio:.2f} of it (limit {LIMIT})"
        )
    return int(slow > 0)


if __name__ == "__main__":
    sys.exit(main())
