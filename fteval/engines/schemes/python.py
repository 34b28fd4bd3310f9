"""The engine for models that a Python process has: `python:NAME`, which `fteval.run` makes of a function or a loaded
model. No ref that could be typed: it means something in the process that made it, alone.
"""

from __future__ import annotations

from fteval.engines.given.function import FunctionEngine
from fteval.errors import UserError
from fteval.records import Engine, EnginePool

PREFIX = "python:"


def open_engine(ref: str, pool: EnginePool) -> Engine:
    """The engine for a model that the pool was given. Raises UserError for one that it was not."""
    model = pool.given.get(ref)
    if model is None:
        raise UserError(
            f"{ref} was a model in a Python process, and is not here",
            fix="give it again: fteval.run(model=…); its saved answers are still shown and compared",
        )
    if model.tokenizer is None:
        return FunctionEngine(ref, model)
    from fteval.engines.given.loaded import LoadedEngine

    return LoadedEngine.of(ref, model)
