"""Candidates whose prompt is searched get it, before anything is measured on the hold-out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from fteval import registry
from fteval.alternatives.few_shot import FewShot
from fteval.alternatives.layers.stack import changed
from fteval.alternatives.optimise import Optimise
from fteval.engines.pool import Pool
from fteval.errors import UserError
from fteval.experiment import search_record
from fteval.experiment.dev import check_apart, dev_of, dev_suite
from fteval.experiment.experiment import SEARCH, Experiment, ModelUse
from fteval.experiment.place import Place
from fteval.experiment.search import changes, found
from fteval.records import Change, Engine, Shelf, canonical, digest
from fteval.runs.asking.suite import Suite


def check_searches(experiment: Experiment, suite: Suite) -> None:
    """Everything about a search that can be wrong without a model. Raises UserError."""
    for _, change, told in _searches(experiment):
        dev_suite(told, experiment)
        check_apart(told, suite, change.where)
        _check_demos(told, change.where)


def _check_demos(told: Optimise, where: str | None) -> None:
    """Raises UserError for examples that cannot be shown."""
    if told.demos is None:
        return
    try:
        FewShot(told.demos, max(told.k)).rows()
    except UserError as error:
        raise UserError(error.what, where=error.where or where, fix=error.fix) from None


def announced(experiment: Experiment) -> list[str]:
    """In words, what searches would ask before the run."""
    return [
        f"{name}: its prompt is searched first: at most {told.budget} prompts, each asked"
        f" {dev_suite(told, experiment)[0].n_samples} dev rows"
        for name, _, told in _searches(experiment)
    ]


def with_prompts(
    experiment: Experiment, refs: Mapping[str, str], open_: Callable[[str], Engine], pool: Pool, place: Place
) -> Experiment:
    """The experiment with what was found in place of each search; `refs` are the models of its candidates.

    Raises UserError where a search finds nothing.
    """
    uses, shelf = dict(experiment.candidates), Shelf(place.store, place.listener.progress)
    for name, change, told in _searches(experiment):
        use = uses[name]
        at = use.changes.index(change)
        below = changed(open_(refs[name]), use.changes[:at], shelf)
        dev = dev_of(told, experiment, pool, place.store / search_record.FOLDER, place)
        search = found(told, below, pool, dev, change.where)
        assert search.chosen is not None
        best = search.tried[search.chosen]
        put = changes(told, best.prompt, best.k, change.where)
        uses[name] = replace(use, changes=(*use.changes[:at], *put, *use.changes[at + 1 :]))
        _remember(search, changed(open_(refs[name]), uses[name].changes, shelf), place)
        place.listener.note(f"{name}: {search.words()}")
    return replace(experiment, candidates=uses)


def _searches(experiment: Experiment) -> Iterator[tuple[str, Change, Optimise]]:
    for name, use in experiment.candidates.items():
        yield from ((name, change, told) for change, told in _of(use))


def _of(use: ModelUse) -> Iterator[tuple[Change, Optimise]]:
    for change in use.changes:
        if change.name == SEARCH and isinstance(told := registry.alternative(change), Optimise):
            yield change, told


def _remember(search: search_record.Search, engine: Engine, place: Place) -> None:
    """Who is asked with what was found, so that its reports say how it was found."""
    identity = digest(json.loads(canonical(dict(engine.identity()))))
    search.engines = sorted({*search.engines, identity})
    search.save(place.store)  # also where nothing is new: which search was used last, its file's time says
