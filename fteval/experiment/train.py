"""Candidates that do not exist yet are made."""

from __future__ import annotations

from typing import Any

from fteval import registry
from fteval.errors import UserError
from fteval.experiment.experiment import ModelUse
from fteval.experiment.place import Place
from fteval.records import Candidate
from fteval.runs.journal.store import Store


def train(name: str, use: ModelUse, base: str, place: Place) -> Candidate:
    """Makes a candidate, or returns the one that has the same record already."""

    check_trainable(name, use)
    return trained(name, use, base, Store(place.store), place)


def cancel(use: ModelUse, base: str, place: Place) -> str:
    """Ends the provider's job that `train` would follow, and returns its id. Raises UserError when none goes on."""

    assert use.trainer is not None and use.data is not None
    module = registry.trainer_module(use.trainer)
    if not hasattr(module, "cancel"):
        raise UserError(f"'{use.trainer}' trains on this machine: there is no job to cancel", fix="Ctrl-C ends it")
    recipe = registry.make(module.Recipe, use.recipe, owner=f"trainer '{use.trainer}'", where=use.where)
    job: str = module.cancel(base, recipe, use.data, Store(place.store).candidates_dir, offline=place.offline)
    return job


def check_trainable(name: str, use: ModelUse) -> None:
    """Everything about a training that can be wrong without torch."""
    if use.trainer is None:
        return
    module = registry.trainer_module(use.trainer)
    registry.make(module.Recipe, use.recipe, owner=f"trainer '{use.trainer}'", where=use.where)
    if use.data is None:
        raise UserError(f"candidate '{name}' needs data: the rows to learn from", where=use.where)


def trained(name: str, use: ModelUse, base: str, store: Store, place: Place) -> Candidate:
    assert use.trainer is not None and use.data is not None
    module = registry.trainer_module(use.trainer)
    recipe = registry.make(module.Recipe, use.recipe, owner=f"trainer '{use.trainer}'", where=use.where)

    def heard(progress: Any) -> None:
        loss = "" if progress.loss is None else f"loss {progress.loss:.3f}"
        place.listener.progress(f"training {name}", progress.step, progress.total, loss)

    candidate: Candidate = module.train(
        base,
        recipe,
        use.data,
        store.candidates_dir,
        name=name,
        device=place.device,
        offline=place.offline,
        on_preflight=lambda found: place.listener.note(str(found)),
        on_progress=heard,
    )
    return candidate
