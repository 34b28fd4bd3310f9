"""A training that several processes share: how a batch divides, and the weights, of which each may have a part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fteval.engines.local.chat import Chat
from fteval.errors import UserError
from fteval.trainers.making import libraries, vllm
from fteval.trainers.making.plan import Training
from fteval.trainers.making.recipe import TrlRecipe

SHARDED = ("FSDP", "DEEPSPEED")
"""Kinds of distribution in which no process has the whole model."""


def environment(training: Training[Any], chat: Chat) -> Mapping[str, Any]:
    """The machine as far as it decides the weights, the processes where they are several, and a server that answers.

    Raises UserError for a device or a server that is not there, and for a batch that cannot be shared.
    """
    site, recipe = training.site, training.recipe
    if site.rank is not None:
        return site.rank.environment
    served = {} if site.vllm is None else {"vllm": vllm.check_server(vllm.base_url(site.vllm), chat)}
    device, processes, recorded = site.device, 1, dict[str, Any]()
    if site.ranks is not None:
        device, processes, recorded = site.ranks.device, site.ranks.processes, dict(site.ranks.recorded)
    check_shared(recipe, processes)
    found = libraries.environment(device, recipe.threads, training.base.size, processes)
    if served:
        vllm.check_here(found["device"])
    return {**found, **recorded, **served}


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
