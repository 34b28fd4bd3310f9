"""fteval measures a change to a language model, and says whether it should ship.

    import fteval
    comparison = fteval.run(model="nano+out/sft", against="nano", probes=["iso_date", "facts"])

Floors, imports only go down:
    5 cli commands ci · 4 api experiment shards · 3 reports trainers benchmarks releases nano
    2 runs > alternatives > engines, evals, data, stats · 1 config registry · 0 records errors version

`tests/test_floors.py` watches them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fteval.version import __version__

__all__ = ["Watch", "__version__", "compare", "run", "score", "train"]

if TYPE_CHECKING:
    from fteval.api import Watch, compare, run, score, train


def __getattr__(name: str) -> Any:
    # Loaded on first use: `fteval --help` must not pay for numpy.
    if name in __all__:
        from fteval import api

        return getattr(api, name)
    raise AttributeError(f"module 'fteval' has no attribute {name!r}")
