"""Candidates that do not exist yet: what can be wrong with them before a model is loaded, and their training."""

from __future__ import annotations

from collections.abc import Mapping

from fteval.errors import UserError
from fteval.experiment.experiment import Experiment, ModelUse
from fteval.experiment.place import Place
from fteval.experiment.series import check_part, chosen
from fteval.experiment.train import check_launch, check_rewarders, check_trainable, coded, rewarded, trained
from fteval.experiment.training import seen_before
from fteval.experiment.watch import overlapping
from fteval.runs.asking.suite import Suite
from fteval.runs.journal.store import Store


def check(name: str, use: ModelUse, allow_code: bool) -> None:
    """Raises UserError for a recipe that cannot work, and for rows that are not enough."""
    check_trainable(name, coded(use, allow_code))
    check_part(use)


def with_rows(experiment: Experiment, suite: Suite, store: Store, place: Place) -> Experiment:
    """The experiment with the rows that each candidate learns from; of those that the hold-out has too it is told."""
    for name, use in experiment.candidates.items():
        check_launch(name, use, place.launch)
        for text in overlapping(use.watch, suite) if use.watch is not None else ():
            place.listener.note(f"{name}: {text}")
    for text in seen_before(experiment, suite):
        place.listener.note(text)
    return chosen(experiment, store)


def with_made(known: Mapping[str, str], experiment: Experiment, store: Store, place: Place) -> dict[str, str]:
    """Name -> ref of every candidate that is measured, beside those that are `known`; what does not exist is trained.

    A reward model answers nothing: it is there for the rewards of those that stand below it.
    """
    refs, rewarders = dict(known), dict[str, str]()
    uses = {name: coded(use, experiment.allow_code) for name, use in experiment.candidates.items()}
    check_rewarders(uses, store)
    for name, use in uses.items():
        if use.ref is None:
            use = rewarded(use, rewarders)
            candidate = trained(use.trained_as or name, use, _base_of(experiment, name), store, place)
            (rewarders if candidate.kind == "reward" else refs)[name] = candidate.id
    return {name: refs[name] for name in experiment.candidates if name in refs}


def _base_of(experiment: Experiment, name: str) -> str:
    if experiment.base is None:
        raise UserError(f"candidate '{name}' is to be trained, but there is no base", fix="add base: to the config")
    return experiment.base
