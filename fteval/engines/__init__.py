"""How text is made: engines turn prompts into generations, or log-likelihoods, for one model ref (floor 2).

    with Pool(store / "candidates") as pool:
        engine = pool.open("nano+out/sft")     # cheap: digests and tokenizer
        for group in engine.generate(requests, Sampling()):
            ...

Importing this imports neither torch nor transformers; opening a local model does, `replay:` does not.
"""

from __future__ import annotations

from fteval.engines.pool import Pool
from fteval.engines.preflight import checks
from fteval.engines.refs import ModelRef, parse
from fteval.records import Check

__all__ = ["Check", "ModelRef", "Pool", "checks", "parse"]
