"""A training that several processes share: how a batch divides, and the weights, of which each may have a part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fteval.errors import UserError
from fteval.trainers.making import libraries
from fteval.trainers.making.plan import Training
from fteval.trainers.making.recipe import TrlRecipe

SHARDED = ("FSDP", "DEEPSPEED")
"""Kinds of distribution in which no process has the whole model."""


def environment(training: Training[Any]) -> Mapping[str, Any]:
    """The machine as far as it decides the weights, and the processes where there are several.

    Raises UserError for a device that is not there, and for a batch that cannot be shared.
    """
    site, recipe = training.site, training.recipe
    if site.rank is not None:
        return site.rank.environment
    if site.ranks is None:
        return libraries.environment(site.device, recipe.threads, training.base.size)
    check_shared(recipe, site.ranks.processes)
    found = libraries.environment(site.ranks.device, recipe.threads, training.base.size, site.ranks.processes)
    return {**found, **site.ranks.recorded}


def check_shared(recipe: TrlRecipe, processes: int) -> None:
    """Raises UserError for a batch whose parts do not divide among the processes."""
    part = recipe.batch_size // recipe.accumulate
    if part % processes:
        said = f"batch_size {recipe.batch_size}"
        said += (
            f" in {recipe.accumulate} parts (accumulate) has {part} rows each, which" if recipe.accumulate > 1 else ""
        )
        raise UserError(
            f"{said} cannot be shared by {processes} processes",
            fix=f"set batch_size to a multiple of {recipe.accumulate * processes}, or another num_processes",
        )


def is_sharded(environment: Mapping[str, Any]) -> bool:
    return environment.get("accelerate", {}).get("distributed_type") in SHARDED


def whole_state(trainer: Any) -> Mapping[str, Any]:
    """Name -> weight of a model that is sharded, gathered. Every process must call it; all but rank 0 get nothing."""
    found: Mapping[str, Any] = trainer.accelerator.get_state_dict(trainer.model_wrapped)
    return found
