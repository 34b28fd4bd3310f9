"""What is watched of a training: dev samples, probes, how often, and the two rules that may act on what is seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fteval.records import Gate, Sampling, asks_base
from fteval.runs.asking.identity import sampling_fields
from fteval.runs.asking.referees import wants_reference
from fteval.runs.asking.suite import Suite

EVERY, LIMIT = 20, 64
"""Steps between looks, and dev samples of a probe, where nothing is said."""


@dataclass(frozen=True, slots=True)
class Watched:
    """The settings of a watch."""

    suite: Suite
    """Of dev samples, never of the hold-out."""
    sampling: Sampling
    every: int = EVERY
    stop_if: tuple[Gate, ...] = ()
    """Rules `max_drop` (against the base), `min` and `max`, on the means of a look: no interval stands behind them."""
    keep_best: tuple[str, str] | None = None
    """(probe, metric) whose best look is kept."""

    @property
    def wants_base(self) -> bool:
        """Whether the base itself must be there to judge."""
        return any(wants_reference(one.probe) or asks_base(one.probe) for one in self.suite.probes)

    @property
    def identity(self) -> Mapping[str, Any]:
        """All of it: who adds a watch wants its curve, and weights that no rule chose are the same anyway."""
        return {
            "suite": self.suite.digest,
            "sampling": {k: list(v) if isinstance(v, tuple) else v for k, v in sampling_fields(self.sampling).items()},
            "every": self.every,
            "stop_if": [{k: v for k, v in asdict(rule).items() if k in _OF_A_RULE} for rule in self.stop_if],
            "keep_best": None if self.keep_best is None else list(self.keep_best),
        }


_OF_A_RULE = ("probe", "metric", "rule", "threshold")
