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

__all__ = ["__version__", "compare", "run"]

if TYPE_CHECKING:
    from fteval.api import run
    from fteval.experiment.saved import compare


def __getattr__(name: str) -> Any:
    # Loaded on first use: `fteval --help` must not pay for numpy.
    if name in ("compare", "run"):
        from fteval import api
        from fteval.experiment import saved

        return api.run if name == "run" else saved.compare
    raise AttributeError(f"module 'fteval' has no attribute {name!r}")
