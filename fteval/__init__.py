"""fteval measures a change to a language model, and says whether it should ship.

    import fteval
    comparison = fteval.run(model="nano+out/sft", against="nano", probes=["iso_date", "facts"])

Floors, imports only go down:
    5 cli commands ci pytest_plugin · 4 api experiment shards · 3 reports trainers benchmarks releases nano
    2 runs > alternatives > engines, evals, data, stats · 1 config registry · 0 records errors version

`tests/test_floors.py` watches them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fteval.version import __version__

if TYPE_CHECKING:
    from fteval import data as data
    from fteval.api.compare import compare as compare
    from fteval.api.export import export as export
    from fteval.api.load import load as load
    from fteval.api.results import Comparison as Comparison
    from fteval.api.results import Plot as Plot
    from fteval.api.results import RunRecord as RunRecord
    from fteval.api.run import run as run
    from fteval.api.score import score as score
    from fteval.api.train import train as train
    from fteval.api.watch import Watch as Watch
    from fteval.errors import UserError as UserError
    from fteval.errors import VerdictError as VerdictError
    from fteval.experiment.place import Listener as Listener
    from fteval.records import (
        Candidate,
        CandidateResult,
        Exported,
        Gate,
        GateResult,
        Generation,
        Message,
        Metric,
        MetricChange,
        Model,
        Probe,
        ProbeResult,
        Sample,
        Sampling,
        Scores,
    )

PLACES = {
    "fteval.api.run": ("run",),
    "fteval.api.compare": ("compare",),
    "fteval.api.load": ("load",),
    "fteval.api.train": ("train",),
    "fteval.api.export": ("export",),
    "fteval.api.score": ("score",),
    "fteval.api.watch": ("Watch",),
    "fteval.api.results": ("Comparison", "RunRecord", "Plot"),
    "fteval.experiment.place": ("Listener",),
    "fteval.records": (
        *("Model", "Probe", "Metric", "Message", "Sample", "Generation", "Scores", "Gate", "Sampling"),
        *("Candidate", "CandidateResult", "Exported", "GateResult", "MetricChange", "ProbeResult"),
    ),
    "fteval.errors": ("UserError", "VerdictError"),
}
"""Where each name comes from: a module is loaded when one of its names is asked for."""
_MODULES = {name: module for module, names in PLACES.items() for name in names}

__all__ = [
    "Candidate", "CandidateResult", "Comparison", "Exported", "Gate", "GateResult", "Generation", "Listener",
    "Message", "Metric", "MetricChange", "Model", "Plot", "Probe", "ProbeResult", "RunRecord", "Sample", "Sampling",
    "Scores", "UserError", "VerdictError", "Watch", "__version__", "compare", "data", "export", "load", "run", "score",
    "train",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    # Loaded on first use: `fteval --help` must not pay for numpy.
    if name == "data":
        return import_module("fteval.data")
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module 'fteval' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
