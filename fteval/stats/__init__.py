"""From scores to evidence: intervals, paired differences, gates, verdicts. Pure functions of arrays and records.

    from fteval.stats import difference, mean, decide, plan_n, detectable, EProcess, drift, noise_split

What each one estimates, and what it cannot, is in docs/statistics.md. Names are found on first use: most of fteval
needs none of numpy.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "Difference": "paired",
    "difference": "paired",
    "Mean": "level",
    "mean": "level",
    "Decision": "decision",
    "decide": "decision",
    "holm": "decision",
    "plan_n": "planning",
    "power": "planning",
    "detectable": "planning",
    "EProcess": "betting",
    "Drift": "trend",
    "drift": "trend",
    "noise_split": "noise",
}
__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'fteval.stats' has no attribute {name!r}")
    return getattr(importlib.import_module(f"fteval.stats.{_HOME[name]}"), name)
