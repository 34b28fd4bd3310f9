"""How text is made: engines turn prompts into generations, or log-likelihoods, for one model ref (floor 2).

    with Pool(store / "candidates") as pool:
        engine = pool.open("nano+out/sft")     # cheap: digests and tokenizer
        for group in engine.generate(requests, Sampling()):
            ...

Importing this imports neither torch nor transformers; opening a local model does, `replay:` does not. Names are found
on first use: who reads a saved run needs none of them.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "Pool": "fteval.engines.pool",
    "checks": "fteval.engines.preflight",
    "ModelRef": "fteval.engines.refs",
    "parse": "fteval.engines.refs",
    "Check": "fteval.records",
}
__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'fteval.engines' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
