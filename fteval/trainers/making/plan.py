"""A training before it begins: what is to be learnt from what, and the record that its candidate will have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

from fteval.engines.local.chat import Chat
from fteval.records import Candidate, Site
from fteval.trainers.making.base import Base
from fteval.trainers.making.bench import R
from fteval.trainers.making.candidate import identified
from fteval.trainers.making.rows import rows_digest


@dataclass(frozen=True, slots=True)
class Training(Generic[R]):
    """What is to be learnt from what, and where."""

    name: str
    recipe: R
    rows: Sequence[Mapping[str, Any]]
    """Each with its `prompt`, a list of turns; a plain text has `text` instead."""
    base: Base
    site: Site
    taught_by: tuple[Path, ...] = ()
    """Folders of the models beside the base that it learns from: what those have seen, it has seen."""


def plan(training: Training[R], chat: Chat, versions: Mapping[str, str], environment: Mapping[str, Any]) -> Candidate:
    """The record of everything that decides the weights, and so the id; how many rows were used is not known yet.

    `training.recipe` is one that was resolved for the rows.
    """
    recipe, base = training.recipe, training.base
    data = {"digest": rows_digest(training.rows), "tokenizer": chat.digest, "template": chat.template_digest}
    planned = Candidate(
        id="",
        name=training.name,
        path=".",
        kind=recipe.kind,
        base=base.ref,
        base_digest=base.located.weights,
        weights_digest="",
        trainer=recipe.trainer,
        recipe={**recipe.recorded(), **_watched(training)},
        data=data,
        versions={type(recipe).__module__: str(recipe.version), **versions},
        seed=recipe.seed,
        environment=environment,
    )
    return identified(planned, base.label)


def _watched(training: Training[R]) -> dict[str, Any]:
    watching = training.site.watching
    return {} if watching is None else {"watch": dict(watching.identity)}
