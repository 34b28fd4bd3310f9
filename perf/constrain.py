"""What a constraint costs: seconds of constrained over plain decoding of the same number of tokens.

    python perf/constrain.py [REF]

Bounds: a mask of letters or words 1.15 times plain decoding, a grammar 1.3 times.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

from fteval.engines import Pool
from fteval.records import Constraint, Engine, Message, Request, Sampling

ROWS, TOKENS, ROUNDS = 16, 48, 3
KINDS = {
    "letters": Constraint(forbid_letters="e"),
    "words": Constraint(words=("the", "animal", "new york")),
    "regex": Constraint(grammar_kind="regex", grammar="[^eE]*"),
    "json": Constraint(grammar_kind="json_schema", grammar='{"type": "array", "items": {"type": "string"}}'),
}


def seconds(engine: Engine) -> tuple[float, int]:
    """Of answers to the same questions, and how many tokens came."""
    prompts = [engine.prompt([Message("user", f"Tell me a long story about {i} animals.")]) for i in range(ROWS)]
    asked = [Request(str(i), str(i), prompt, seed=i) for i, prompt in enumerate(prompts)]
    began = time.process_time()
    made = [g for group in engine.generate(asked, replace(Sampling(temperature=0.7), max_tokens=TOKENS)) for g in group]
    return time.process_time() - began, sum(g.completion_tokens or 0 for g in made)


def main(ref: str) -> None:
    with Pool(device="cpu") as pool:
        plain = pool.open(ref)
        engines = {"plain": plain, **{name: plain.constrained(one) for name, one in KINDS.items()}}  # type: ignore[attr-defined]
        best: dict[str, float] = {}
        for _ in range(ROUNDS):  # in turn, so that a busy machine is busy for all
            for name, engine in engines.items():
                spent, tokens = seconds(engine)
                best[name] = min(best.get(name, 1e9), spent / tokens)
        for name, each in best.items():
            print(f"{name:8} {1000 * each:8.2f} ms a token  {each / best['plain']:.2f} x plain")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "nano")
