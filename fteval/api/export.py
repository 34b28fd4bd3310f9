"""`fteval.export`: make of a candidate what ships, and prove that it is the candidate still."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from fteval.api.given import MEASURED, Given
from fteval.errors import UserError, suggest
from fteval.experiment import export as exporting
from fteval.experiment.experiment import DEFAULT_STORE
from fteval.experiment.export_suite import described
from fteval.experiment.place import Listener, placed
from fteval.records import Candidate, Exported
from fteval.trainers.exporting.how import How

ABOUT = ("settings", "reference", "device", "offline", "allow_code", "batch_tokens", "listener")
"""What else may be said, as the options of `fteval export`."""


def export(
    candidate: str | Candidate,
    folder: str | Path,
    *,
    merge: bool = False,
    dtype: str | None = None,
    quantise: str | None = None,
    gguf: str | None = None,
    store: str | Path | None = None,
    **measured: Any,
) -> Exported:
    """Merges, casts or quantises a candidate, and writes the folder if what comes out answers as the candidate does.

    Both answer the same samples: of `probes` and `holdout`, of a `config`, or of the candidate's last run; `gates` say
    how much may be lost, without any 2 points of each probe's primary share. `measured` takes these as `run` does, and
    limit (400), score, settings, reference, device, offline, batch_tokens, allow_code, listener. `written` of what
    comes back says whether the folder is there, `comparison` is the proof. Raises UserError and its children.
    """
    unknown = [key for key in measured if key not in (*MEASURED, *ABOUT)]
    if unknown:
        raise UserError(f"export has no argument {unknown[0]!r}. {suggest(unknown[0], (*MEASURED, *ABOUT))}")
    how = How(merge, dtype, quantise, gguf)
    how.check()
    given = Given(Path(store) if store else DEFAULT_STORE)
    about = {key: measured[key] for key in ABOUT if key != "listener" and measured.get(key) is not None}
    ref = candidate.id if isinstance(candidate, Candidate) else candidate
    asked = replace(given.asked(measured), model=ref, store=Path(store) if store else None, **about)
    experiment, of_run = described(asked)
    place = placed(asked, experiment, measured.get("listener") or Listener())
    return exporting.export(exporting.Order(Path(folder), how), experiment, place, of_run)
