"""What `import fteval` gives.

comparison = fteval.run(model="nano+out/sft", against="nano", probes=["iso_date", "facts"])
comparison = fteval.run(config="fteval.yaml")
comparison = fteval.compare("20261120T101756Z-7f3a", "20261120T102001Z-91bc")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fteval.experiment.asked import Asked, with_parts
from fteval.experiment.describe import describe, find_config
from fteval.experiment.measure import measure
from fteval.experiment.place import Listener, placed
from fteval.experiment.saved import compare
from fteval.records import Comparison, Gate, RunRecord

__all__ = ["compare", "run"]


def run(
    model: str | None = None,
    against: str | None = None,
    probes: Sequence[str] = (),
    *,
    holdout: str | Path | Sequence[str | Path] = (),
    config: str | Path | None = None,
    score: Sequence[str | Callable[..., Any]] = (),
    settings: Mapping[str, Any] | None = None,
    gates: Sequence[Gate] = (),
    sampling: Mapping[str, Any] | None = None,
    repeats: int | None = None,
    limit: int | None = None,
    sequential: bool = False,
    allow_subset: bool = False,
    allow_code: bool = False,
    server: Mapping[str, Any] | None = None,
    store: str | Path | None = None,
    device: str = "auto",
    dtype: str = "auto",
    offline: bool = False,
    listener: Listener | None = None,
) -> Comparison | RunRecord:
    """Measures a model; against a base, says what changed and whether to ship.

    Returns a Comparison where there is a base and a candidate, else the RunRecord of the one model. `settings` are
    parameters of the probes; `sampling` takes the fields of `records.Sampling`; `server` those of `records.Limits`,
    `max_usd` and `max_total_tokens`; `score` names and functions of (output, target); `allow_code` lets `file.py:name`
    be loaded. Raises UserError and its children.
    """
    files = [holdout] if isinstance(holdout, str | Path) else list(holdout)
    asked = Asked(
        model=model, against=against, probes=tuple(probes), holdouts=tuple(Path(f) for f in files),
        scorers=tuple(score), settings=settings, config=Path(config) if config else None, gates=tuple(gates),
        repeats=repeats, limit=limit, sequential=sequential, allow_subset=allow_subset,
        allow_code=allow_code,
        store=Path(store) if store else None, device=device, dtype=dtype, offline=offline,
    )  # fmt: skip
    asked = with_parts(asked, sampling, server)
    experiment = describe(asked, find_config(asked.config, wanted=False))
    return measure(experiment, placed(asked, experiment, listener or Listener()))
