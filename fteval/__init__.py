"""fteval measures a change to a language model, and says whether it should ship.

    import fteval
    comparison = fteval.run(model="nano+out/sft", against="nano", probes=["iso_date", "facts"])

Floors, imports only go down:
    4 experiment releases judging planned api archive commands ci cli · 3 reports trainers benchmarks nano
    2 runs > alternatives > engines, evals, data, stats · 1 config registry · 0 records errors

`tests/test_floors.py` watches them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["__version__", "compare", "run"]

if TYPE_CHECKING:
    from fteval.api import run
    from fteval.archive import compare


def __getattr__(name: str) -> Any:
    # Loaded on first use: `fteval --help` must not pay for numpy.
    if name in ("compare", "run"):
        from fteval import api, archive

        return api.run if name == "run" else archive.compare
    raise AttributeError(f"module 'fteval' has no attribute {name!r}")
