"""`fteval.compare`: saved runs, paired and judged anew."""

from __future__ import annotations

from pathlib import Path

from fteval.api.results import Comparison, compared
from fteval.experiment import rejudge
from fteval.experiment.experiment import DEFAULT_STORE
from fteval.records import RunRecord


def compare(
    base: str | RunRecord,
    *candidates: str | RunRecord,
    store: str | Path = DEFAULT_STORE,
    config: str | Path | None = None,
    allow_subset: bool = False,
    allow_same: bool = False,
    of: int = 0,
) -> Comparison:
    """Pairs saved runs sample by sample, and judges them; asks no model.

    A run is what `run` gave, its id or the beginning of one, or a ref whose newest complete run is taken; `base` may be
    "baseline". Gates are those of the config, or of the folder's fteval.yaml on what was measured; without any, every
    probe's primary share is guarded. `of`: how many candidates these are the best of. Raises UserError for runs that
    cannot be paired.
    """
    names = [one if isinstance(one, str) else one.id for one in (base, *candidates)]
    found = rejudge.compare(
        *names, store=store, config=Path(config) if config else None,
        allow_subset=allow_subset, allow_same=allow_same, of=of,
    )  # fmt: skip
    return compared(found, Path(store))
