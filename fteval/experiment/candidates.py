"""A config's candidates as the experiment measures them: what is trained, what is named, and what is changed in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fteval.errors import UserError, suggest
from fteval.experiment.experiment import ModelUse
from fteval.records import Change

if TYPE_CHECKING:
    from fteval.config import CandidateSpec, Config


def config_candidates(config: Config, base: str | None) -> Iterable[tuple[str, ModelUse]]:
    """Every one under its name, each training of a series for itself; a change of no other model is one of `base`.

    Raises UserError for a name that two have, and for what would change a model that is not there.
    """
    known: set[str] = set()
    for of, spec in config.candidates.items():
        for name, use in _trainings(of, _use(of, config, base), spec):
            if name in known:
                raise UserError(f"'{name}' is the name of two candidates: a series calls one so", where=use.where)
            known.add(name)
            yield name, use


def _trainings(name: str, use: ModelUse, spec: CandidateSpec) -> Iterable[tuple[str, ModelUse]]:
    if not spec.is_series:
        return [(name, use)]
    from fteval.experiment.series import trainings  # with it comes all that trains

    return trainings(name, use, spec)


def with_candidates(config: Config | None, given: Mapping[str, Any]) -> Config:
    """The config, or an empty one, with these candidates beside its own, each as fteval.yaml would have it.

    Relative paths are relative to where one is. Raises UserError for all that is wrong with them.
    """
    from pydantic import ValidationError

    from fteval.config import Config
    from fteval.config.paths import resolved

    try:
        told = Config.model_validate({"version": 1, **resolved({"candidates": dict(given)}, Path())})
    except ValidationError as error:
        found = [(".".join(map(str, one["loc"])), one["msg"].removeprefix("Value error, ")) for one in error.errors()]
        raise UserError("\n".join(f"{place}: {what}" for place, what in found)) from None
    known = {**(config.candidates if config else {}), **told.candidates}
    for name in told.candidates:
        _check_below(name, known)
    return (config or told).model_copy(update={"candidates": known})


def _check_below(name: str, known: Mapping[str, CandidateSpec]) -> None:
    """Raises UserError for a candidate on top of one that is not there, or of itself."""
    seen, below = {name}, known[name].from_
    while below is not None:
        if below not in known:
            raise UserError(f"candidate '{name}': 'from' names no candidate: {below!r}. {suggest(below, known)}")
        if below in seen:
            raise UserError(f"candidate '{name}': 'from' leads back to '{below}'")
        seen.add(below)
        below = known[below].from_


def _use(name: str, config: Config, base: str | None) -> ModelUse:
    spec = config.candidates[name]
    changes = tuple(Change(key, value, spec.where) for key, value in spec.changes.items())
    if spec.from_ is not None:
        return _on_top(spec.from_, changes, spec.where, config, base)
    if spec.train is None and spec.model is None:
        if base is None:
            why = f"candidate '{name}' changes the base, and there is none"
            raise UserError(why, where=spec.where, fix="add base: to the config")
        return ModelUse(base, where=spec.where, changes=changes)
    watch = None
    if spec.watch is not None:
        from fteval.experiment.watch import watch_use

        watch = watch_use(spec.watch, config.sampling.sampling)
    return ModelUse(
        spec.model, spec.train, spec.recipe, spec.rows, spec.where, spec.trained_on, watch, changes=changes
    )  # fmt: skip


def _on_top(other: str, changes: tuple[Change, ...], where: str | None, config: Config, base: str | None) -> ModelUse:
    if config.candidates[other].is_series:
        raise UserError(f"'from: {other}' is a series of trainings, and not one model", where=where)
    below = _use(other, config, base)
    trained_as = (below.trained_as or other) if below.trainer is not None else None
    return replace(below, where=where, changes=(*below.changes, *changes), trained_as=trained_as)
