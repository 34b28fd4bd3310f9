"""What the reference costs: the two likelihoods of 300 answers against the time it took to make them.

The answers are the reference's own, as the base's are by default: it knows one of the two since it wrote them. What a
candidate's answers of the same length cost stands beside it: both are read.

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
from dataclasses import dataclass

from fteval import registry
from fteval.engines.pool import Pool
from fteval.nano import holdouts
from fteval.records import Engine, Request, Sample, Sampling
from fteval.records.readings import Likelihood
from fteval.runs.asking.reference import Answer, Reader, Reference

LIMIT = 0.35


def samples(model: str, n: int) -> list[Sample]:
    """Questions that a model can answer at length: nano knows its own world only."""
    own = holdouts.samples("relevance", n) if model == "nano" else list(registry.probe("relevance").samples())
    found = own or []
    return [found[i % len(found)] for i in range(n)]


@dataclass
class Made:
    """Answers, and what they took."""

    answers: list[Answer]
    known: list[Likelihood | None]
    """What the model said of each while it wrote it."""
    seconds: float
    tokens: int


def generated(engine: Engine, asked: Sequence[Sample], tokens: int) -> Made:
    requests = [Request(str(i), s.id, engine.prompt(s.messages)) for i, s in enumerate(asked)]
    began = time.process_time()
    made = [g for group in engine.generate(requests, Sampling(max_tokens=tokens)) for g in group]
    seconds = time.process_time() - began
    answers = [Answer(g.key, asked[int(g.key)].messages, g.text or "") for g in made]
    return Made(answers, [g.likelihood for g in made], seconds, sum(g.completion_tokens or 0 for g in made))


def read(engine: Engine, made: Made, *, own: bool) -> float:
    """Seconds for both likelihoods of every answer; `own` where what the model knows is not asked."""
    reader = Reader(Reference(engine.ref, engine, "judge"))
    began = time.process_time()
    for answer, known in zip(made.answers, made.known, strict=True) if own else ():
        if known is not None:
            reader.known[reader.key(answer.messages, answer.text)] = known
    for _ in reader.ask(reader.missing(pair for answer in made.answers for pair in answer.pairs)):
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
            read(engine, generated(engine, asked[:4], 8), own=False)
            made = generated(engine, asked, args.answer_tokens)
            own, other = (read(engine, made, own=whose) / made.seconds for whose in (True, False))
        slow += own > LIMIT
        print(
            f"{model}: {len(made.answers)} answers of {made.tokens / len(made.answers):.0f} tokens made in "
            f"{made.seconds:.1f} s; read in {own:.2f} of it (limit {LIMIT}), a candidate's in {other:.2f}"
        )
    return int(slow > 0)


if __name__ == "__main__":
    sys.exit(main())
