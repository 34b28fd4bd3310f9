"""What every trainer keeps, whoever wrote it; the names come from the registry."""

from __future__ import annotations

import dataclasses
import inspect
import pkgutil

import pytest

import fteval.trainers
from fteval import registry
from fteval.errors import UserError
from fteval.experiment import train
from fteval.experiment.experiment import ModelUse
from fteval.experiment.place import Place
from fteval.records import CancellableTrainer, Trainer
from fteval.trainers.making.recipe import TrlRecipe

NAMES = registry.trainer_names()


def test_the_folder_holds_trainers_and_nothing_else() -> None:
    assert [m.name for m in pkgutil.iter_modules(fteval.trainers.__path__) if not m.ispkg] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_trainer_can_be_called_as_every_other(name: str) -> None:
    module = registry.trainer_module(name)
    assert isinstance(module, Trainer)
    wanted = list(inspect.signature(Trainer.train).parameters.values())[1:]  # without self
    own = inspect.signature(module.train).parameters
    assert [(own[p.name].name, own[p.name].kind) for p in wanted] == [(p.name, p.kind) for p in wanted]
    assert all(p.default is not p.empty for p in own.values() if p.kind is p.KEYWORD_ONLY)
    assert own["name"].default == name


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_is_a_record_of_what_can_be_set(name: str) -> None:
    recipe = registry.trainer_module(name).Recipe
    assert dataclasses.is_dataclass(recipe) and recipe.__dataclass_params__.frozen
    assert recipe() == recipe()  # every field has a default
    assert not issubclass(recipe, TrlRecipe) or recipe.trainer == name


@pytest.mark.parametrize("name", NAMES)
def test_only_what_goes_on_elsewhere_can_be_cancelled(name: str, tmp_path) -> None:
    module = registry.trainer_module(name)
    if isinstance(module, CancellableTrainer):
        wanted = list(inspect.signature(CancellableTrainer.cancel).parameters)[1:]
        assert [p for p in inspect.signature(module.cancel).parameters if p in wanted] == wanted
        return
    with pytest.raises(UserError, match=f"'{name}' trains on this machine"):
        train.cancel(ModelUse(trainer=name, data=tmp_path / "rows.jsonl"), "nano", Place(store=tmp_path))
