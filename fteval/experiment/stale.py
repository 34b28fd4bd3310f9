"""Whether a folder that a saved run measured still holds the bytes that were measured."""

from __future__ import annotations

from dataclasses import replace

from fteval.engines.local.folders import locate
from fteval.engines.refs import parse
from fteval.errors import UserError
from fteval.records import RunRecord
from fteval.runs.journal.store import Store

HERE = ("nano", "local")


def check_bytes(store: Store, run: RunRecord) -> None:
    """Raises UserError where a run's ref leads to other weights now: the run is not of the model of that name."""
    text = other_bytes(store, run)
    if text:
        raise UserError(text, where=f"run {run.id}", fix="measure it anew (`fteval run`), or name the run by its id")


def with_bytes_checked(store: Store, run: RunRecord) -> RunRecord:
    """The run, with a warning where its ref leads to other weights now."""
    text = other_bytes(store, run)
    return replace(run, warnings=(text, *run.warnings)) if text else run


def other_bytes(store: Store, run: RunRecord) -> str | None:
    """What is not as it was measured, in words; None also for what is gone, lies elsewhere or is no folder."""
    engine = run.manifest["plan"]["engine"]
    if engine.get("weights") is None:
        return None
    try:
        model = parse(run.ref, store.candidates_dir)
        if any(source is not None and source.kind not in HERE for source in (model.base, model.adapter)):
            return None
        found = locate(model, offline=True)
    except (UserError, OSError):  # gone, or no model any more: nothing to hold the run against
        return None
    kinds = [("weights", found.weights), ("adapter", found.adapter)]
    other = [kind for kind, digest in kinds if engine.get(kind) != digest]
    return f"{run.ref} holds other {' and '.join(other)} now than run {run.id} measured" if other else None
