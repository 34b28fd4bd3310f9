"""What a hosted job is asked for, before any provider is asked: its request, its key, the candidate that it makes."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fteval.data.hosted import HostedRows, read_hosted
from fteval.engines import refs
from fteval.engines.refs import Source
from fteval.errors import UserError
from fteval.records import Candidate, digest
from fteval.trainers.provider.recipe import Recipe

MARK = "fteval"
"""Under which a job's metadata has its key."""
VERSION = 1
"""Goes up when the same recipe would ask for another job."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a job is asked for."""

    place: str
    """Host and path of the provider's API."""
    model: str
    method: Mapping[str, Any]
    seed: int
    suffix: str | None
    training: bytes
    """The training file."""
    validation: bytes | None

    @property
    def digests(self) -> dict[str, str]:
        """sha256 of the files, in hex, under the names that the job's metadata has for them."""
        files = {"dataset_sha256": self.training, "validation_sha256": self.validation}
        return {name: hashlib.sha256(file).hexdigest() for name, file in files.items() if file is not None}

    @property
    def key(self) -> str:
        """What makes two jobs the same: neither when nor by whom they were asked for, nor what a file was called."""
        asked = [self.place, self.model, dict(self.method), self.seed, self.suffix, self.digests]
        return digest(asked).removeprefix("sha256:")

    @property
    def folder(self) -> str:
        """Where the candidate is made, and the beginning of the names of its lock and its notes."""
        return f"job-{self.key[:16]}"

    def body(self, training_file: str, validation_file: str | None) -> dict[str, Any]:
        """The request that creates the job."""
        body = {
            "model": self.model,
            "training_file": training_file,
            "validation_file": validation_file,
            "method": dict(self.method),
            "seed": self.seed,
            "suffix": self.suffix,
            "metadata": {MARK: self.key, **self.digests},
        }
        return {name: value for name, value in body.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Plan:
    """A job before it exists, and the candidate that it will make."""

    source: Source
    """The base at its provider."""
    order: Order
    rows: HostedRows
    candidate: Candidate

    def registered_as(self, model: str) -> Candidate:
        """The candidate, once the provider has named its model: under that name, or as a model of that server."""
        name = model if model.startswith("ft:") else _ref(self.source.url or "", model)
        return dataclasses.replace(self.candidate, id=name)


def plan(base: str, recipe: Recipe, data: Path, candidates_dir: Path, name: str) -> Plan:
    """Everything that is known without the provider. Raises UserError for a base, rows or files that will not do."""
    source, own_url = _source(base, recipe, candidates_dir)
    rows = read_hosted(data, recipe.method)
    validation = None if recipe.validation is None else read_hosted(_beside(recipe.validation, data), recipe.method)
    grader = _grader(recipe.grader, data)
    order = Order(
        place=(source.url or "").partition("://")[2],  # http and https are the same provider
        model=source.name,
        method=_method(recipe, grader),
        seed=recipe.seed,
        suffix=recipe.suffix,
        training=rows.content,
        validation=None if validation is None else validation.content,
    )
    read = {"grader": grader, "validation": order.digests.get("validation_sha256"), "base_url": own_url}
    candidate = Candidate(
        id="",
        name=name,
        path=".",
        kind="hosted",
        base=base if own_url is None else _ref(own_url, source.name),
        base_digest=digest({"model": source.name, "server": order.place}),
        weights_digest="",
        trainer="hosted",
        recipe={**dataclasses.asdict(recipe), **read},
        data={
            "digest": "sha256:" + order.digests["dataset_sha256"],
            "rows": len(rows.rows),
            "used": len(rows.rows),
            "dropped": 0,
        },
        # No package decides what a provider does: another version of one must not ask for another job.
        versions={"fteval.trainers.hosted": str(VERSION)},
        seed=recipe.seed,
    )
    return Plan(source, order, rows, candidate)


def _source(base: str, recipe: Recipe, candidates_dir: Path) -> tuple[Source, str | None]:
    """The base at its provider, and the URL of the API where that is not simply the usual one."""
    found = refs.parse(base, candidates_dir).base
    if found.kind != "server":
        raise UserError(
            f"hosted fine-tuning changes a provider's model, {refs.display(base)} is none",
            fix="name openai:NAME, a hosted ft: id or http://HOST/v1#NAME; local models are for `fteval train sft`",
        )
    named = not found.hosted  # the ref itself says which server
    usual = refs.parse("openai:any").base.url
    own_url = recipe.base_url or (found.url if named or found.url != usual else None)
    if own_url is None:
        return found, None
    source = refs.parse(_ref(own_url, found.name)).base
    if named and source.url != found.url:
        raise UserError(f"the base is at {found.url}, and base_url is {source.url}", fix="leave base_url out")
    return source, source.url


def _ref(url: str, model: str) -> str:
    """The ref of a model of one server."""
    return f"{url}#{urllib.parse.quote(model, safe='/:@')}"


def _method(recipe: Recipe, grader: Mapping[str, Any] | None) -> dict[str, Any]:
    """The method as the API spells it, with what the recipe sets and nothing else."""
    names = ("n_epochs", "batch_size", "learning_rate_multiplier", "beta")
    hyperparameters = {name: getattr(recipe, name) for name in names if getattr(recipe, name) is not None}
    settings: dict[str, Any] = {"hyperparameters": hyperparameters} if hyperparameters else {}
    if grader is not None:
        settings["grader"] = dict(grader)
    return {"type": recipe.method, recipe.method: settings}


def _grader(given: str | Mapping[str, Any] | None, data: Path) -> dict[str, Any] | None:
    if given is None:
        return None
    if isinstance(given, str):
        return refs.read_json(_beside(given, data))
    try:
        made: dict[str, Any] = json.loads(json.dumps(given, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise UserError(f"hosted: 'grader' is not JSON: {error}") from None
    return made


def _beside(name: str, data: Path) -> Path:
    """A file of the recipe: from the current folder, else from that of the training rows."""
    path = Path(name)
    return path if path.exists() or not (data.parent / path).exists() else data.parent / path
