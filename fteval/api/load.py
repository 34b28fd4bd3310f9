"""`fteval.load`: what was measured before."""

from __future__ import annotations

from pathlib import Path

from fteval.api.results import Comparison, RunRecord, shown
from fteval.experiment import saved
from fteval.experiment.experiment import DEFAULT_STORE


def load(what: str = "latest", *, store: str | Path = DEFAULT_STORE) -> Comparison | RunRecord:
    """A saved comparison or run by its id or the beginning of one; "latest" is the newest of both. Needs no model.

    Raises UserError for a name that is not known.
    """
    return shown(saved.saved(what, Path(store)), Path(store))
