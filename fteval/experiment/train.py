"""Candidates that do not exist yet are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from fteval import registry
from fteval.errors import UserError
from fteval.evals.find.own import with_code
from fteval.experiment.experiment import ModelUse
from fteval.experiment.launched import ranks
from fteval.experiment.place import Place
from fteval.experiment.watch import watched
from fteval.records import CancellableTrainer, Candidate, Site, Trainer, TrainProgress
from fteval.runs.journal.store import Store
from fteval.trainers.launch.config import Launch, launch
from fteval.trainers.making.recipe import TrlRecipe


def train(name: str, use: ModelUse, base: str, place: Place, allow_code: bool = False) -> Candidate:
    """Makes a candidate, or returns the one that has the same record already; `allow_code` runs its rewards' files."""
    use = coded(use, allow_code)
    check_trainable(name, use)
    if check_launch(name, use, place.launch) is None and place.launch is not None:
        raise UserError(f"'{use.trainer}' does not train here, so --launch starts nothing", fix="leave out --launch")
    if place.vllm is not None and not _draws(use):
        raise UserError(f"'{use.trainer}' draws no answers that --vllm could", fix="leave out --vllm")
    return trained(name, use, base, Store(place.store), place)


def cancel(use: ModelUse, base: str, place: Place) -> str:
    """Ends the provider's job that `train` would follow, and returns its id. Raises UserError when none goes on."""
    assert use.data is not None
    trainer = _trainer(use)
    if not isinstance(trainer, CancellableTrainer):
        raise UserError(f"'{use.trainer}' trains on this machine: there is no job to cancel", fix="Ctrl-C ends it")
    site = Site(Store(place.store).candidates_dir, offline=place.offline)
    return trainer.cancel(base, recipe_of(use), use.data, site)


def coded(use: ModelUse, allow_code: bool) -> ModelUse:
    """A recipe with the functions that its rewards name, where code is allowed."""
    return replace(use, recipe=with_code(use.recipe)) if allow_code and use.trainer is not None else use


def rewarded(use: ModelUse, rewarders: Mapping[str, str]) -> ModelUse:
    """A recipe whose reward models that are candidates of the same config (name -> id) are named by their ids."""
    given = use.recipe.get("rewards")
    if not isinstance(given, list | tuple):
        return use
    rewards = [
        {**one, "reward_model": rewarders.get(one["reward_model"], one["reward_model"])}
        if isinstance(one, Mapping) and isinstance(one.get("reward_model"), str)
        else one
        for one in given
    ]
    return replace(use, recipe={**use.recipe, "rewards": rewards})


def check_rewarders(uses: Mapping[str, ModelUse], store: Store) -> None:
    """Raises UserError for a reward model that is neither there nor made by a candidate above: before any is trained.

    `uses` are candidates by name, their code loaded.
    """
    from fteval.trainers.making.reward_models import reward_model

    above: set[str] = set()
    for name, use in uses.items():
        for one in use.recipe.get("rewards") or ():
            named = one.get("reward_model") if isinstance(one, Mapping) else None
            if isinstance(named, str) and named not in above:
                reward_model(named, store.candidates_dir)
        if not writes(use):
            above.add(name)


def writes(use: ModelUse) -> bool:
    """Whether a candidate answers questions, as a reward model does not."""
    return use.trainer is None or getattr(recipe_of(use), "kind", None) != "reward"


def check_trainable(name: str, use: ModelUse) -> None:
    """Everything about a training that can be wrong without torch."""
    if use.trainer is None:
        return
    recipe_of(use)
    if use.watch is not None:
        if not issubclass(_trainer(use).Recipe, TrlRecipe):
            raise UserError(f"'{use.trainer}' does not train here, so nothing can watch it", where=use.watch.where)
        watched(use.watch)
    if use.data is None:
        raise UserError(f"candidate '{name}' needs data: the rows to learn from", where=use.where)


def trained(name: str, use: ModelUse, base: str, store: Store, place: Place) -> Candidate:
    """Makes a candidate, in several processes where the place says so, and tells how it goes."""

    def tell(progress: TrainProgress) -> None:
        known = {"reward": progress.reward, "loss": progress.loss}
        said = next((f"{word} {value:.3f}" for word, value in known.items() if value is not None), "")
        place.listener.progress(f"training {name}", progress.step, progress.total, said)

    note = place.listener.note
    watching = None if use.watch is None else watched(use.watch)
    site = Site(
        store.candidates_dir, place.device, place.offline, lambda seen: note(str(seen)), tell, watching, note,
        part=use.part.record if use.part else {},
    )  # fmt: skip
    with place.listener.busy(f"training {name}: getting ready"):
        return trained_at(name, use, base, _shared(name, use, base, site, place))


def trained_at(name: str, use: ModelUse, base: str, site: Site) -> Candidate:
    assert use.data is not None
    return _trainer(use).train(base, recipe_of(use), use.data, site, name=name)


def check_launch(name: str, use: ModelUse, text: str | None) -> Launch | None:
    """How a candidate is trained in several processes; None for one, and for what is not trained here.

    Raises UserError for a config that starts nothing, and for a recipe that several processes cannot share.
    """
    if text is None or use.trainer is None:
        return None
    found, recipe = launch(text), recipe_of(use)
    if not isinstance(recipe, TrlRecipe):
        return None
    if use.watch is not None:
        raise UserError(
            f"'{name}' is watched, and trained in several processes: none of them could stop the others",
            where=use.watch.where,
            fix="leave out watch, or --launch",
        )
    from fteval.trainers.making.ranks import check_shared

    check_shared(recipe, found.processes)
    return found


def _draws(use: ModelUse) -> bool:
    """Whether a trainer learns from answers that a server may draw."""
    from fteval.trainers.making.online import OnlineRecipe

    return issubclass(_trainer(use).Recipe, OnlineRecipe)


def _shared(name: str, use: ModelUse, base: str, site: Site, place: Place) -> Site:
    """The site with the server that draws answers, and the processes that train there, where they are several."""
    found = check_launch(name, use, place.launch)
    if _draws(use):
        site = replace(site, vllm=place.vllm)
    if found is None:
        return site
    precision = recipe_of(use).on(found.device).precision
    return replace(site, ranks=ranks(found, name, use, base, site, precision))


def _trainer(use: ModelUse) -> Trainer:
    assert use.trainer is not None
    return cast(Trainer, registry.placed(registry.trainer_module, use.trainer, use.where))


def recipe_of(use: ModelUse) -> Any:
    """What a candidate is trained by. Raises UserError for what its trainer does not know, or takes for nonsense."""
    return registry.make(_trainer(use).Recipe, use.recipe, owner=f"trainer '{use.trainer}'", where=use.where)
