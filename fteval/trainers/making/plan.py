"""The record of a candidate before it is made: everything that decides its weights, and so its id."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from fteval.engines.local.chat import Chat
from fteval.records import Candidate
from fteval.trainers.making.base import Base
from fteval.trainers.making.candidate import identified
from fteval.trainers.making.recipe import TrlRecipe
from fteval.trainers.making.rows import rows_digest


def plan(
    name: str,
    recipe: TrlRecipe,
    rows: Sequence[Mapping[str, Any]],
    base: Base,
    chat: Chat,
    versions: Mapping[str, str],
    environment: Mapping[str, Any],
) -> Candidate:
    """The record of a training by `recipe`, which is resolved for these rows; how many were used is not known yet."""
    settings = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in dataclasses.asdict(recipe).items()
        if name != "threads"  # the number in effect is in the environment
    }
    planned = Candidate(
        id="",
        name=name,
        path=".",
        kind=recipe.kind,
        base=base.ref,
        base_digest=base.located.weights,
        weights_digest="",
        trainer=recipe.trainer,
        recipe=settings,
        data={"digest": rows_digest(rows), "tokenizer": chat.digest, "template": chat.template_digest},
        versions={type(recipe).__module__: str(recipe.version), **versions},
        seed=recipe.seed,
        environment=environment,
    )
    return identified(planned, base.label)
