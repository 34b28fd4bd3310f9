"""A local model asked by many workers at once, on a Ray cluster: Ray Data hands out blocks of requests and grows and
shrinks the pool of workers; each worker has the model of `local/engine.py`.

Prompts, keys and what is said of given texts are made here, answers there. A worker whose weights, versions or device
are not these says so and answers nothing. A block whose worker dies is given to another one; a run that is stopped goes
on by its journal, as always.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fteval.engines.local import batches
from fteval.engines.local.engine import TransformersEngine
from fteval.engines.local.folders import Located, locate
from fteval.engines.local.loads import Loads
from fteval.engines.refs import parse
from fteval.engines.workers import Cluster, check
from fteval.errors import Incomplete, UserError
from fteval.records import Constraint, Failure, Generation, Message, Prompt, Request, Sampling
from fteval.records.readings import Likelihood


class ClusterEngine(TransformersEngine):
    """One model ref, run by the workers of a cluster."""

    def __init__(
        self, located: Located, loads: Loads, cluster: Cluster, *, dtype: str, batch_tokens: int | None, offline: bool
    ) -> None:
        check()
        try:
            _check_device(cluster.device)  # a key says which kind of device answered
        except UserError as error:
            raise UserError(
                f"workers with a GPU were asked for, and {error.what}",
                where="this machine",
                fix="start on a machine of the cluster that has a GPU as its workers have, or leave out gpus:",
            ) from None
        super().__init__(located, loads, device=cluster.device, dtype=dtype, batch_tokens=batch_tokens)
        self.cluster, self.offline = cluster, offline

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Generation]]:
        """Answers as blocks come back, longest prompts first. Raises Incomplete where a worker cannot answer for this
        model."""
        if not requests:
            return
        if self.batches is not None:
            text = "asked in parts by workers of a cluster: answers were computed in other batches than in one process"
            self._event_once("warning", text=f"{text}, which moves answers below float32 (`fteval noise` counts them)")
        self.cluster.connect()
        import ray

        ordered = sorted(requests, key=lambda one: -len(one.prompt.token_ids or ()))
        size = 2 * batches.most_rows(self.device)
        blocks = [ordered[i : i + size] for i in range(0, len(ordered), size)]
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = context.enable_operator_progress_bars = False
        _hush()
        answers = ray.data.from_items(
            [{"requests": json.dumps([packed(one) for one in block])} for block in blocks],
            override_num_blocks=len(blocks),
        ).map(
            Worker,
            fn_constructor_args=(for_workers(self, offline=self.offline), json.dumps(dataclasses.asdict(sampling))),
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=self.cluster.workers),
            num_cpus=self.cluster.cpus,
            num_gpus=self.cluster.gpus or None,
        )
        try:
            for row in answers.iter_rows():
                if row["error"]:
                    raise Incomplete(row["error"], where=self.ref, fix=row["fix"] or None)
                yield answers_of(row)
        except ray.exceptions.RayError as error:
            raise Incomplete(
                f"the cluster could not go on: {str(error).splitlines()[0]}",
                where=self.cluster.address or "this machine",
                fix="see its logs; what came back is kept",
            ) from error


def for_workers(engine: TransformersEngine, *, offline: bool) -> str:
    """What a worker makes the same engine of."""
    return json.dumps(
        {
            "ref": _ref_there(engine.located),
            "device": engine.device,
            "dtype": engine.dtype,
            "batch_tokens": engine.batch_tokens,
            "offline": offline,
            "template": engine.chat.template,
            "constraint": engine.constraint.as_json() if engine.constraint is not None else None,
            "identity": dict(engine.identity()),
        }
    )


_SAME = "have the same files, versions and devices on every machine of the cluster"


class Worker:
    """A process of the cluster with the model in it."""

    def __init__(self, told: str, sampling: str) -> None:
        given, drawn = json.loads(told), json.loads(sampling)
        self.sampling = Sampling(**{**drawn, "stop": tuple(drawn["stop"])})
        self.failed: dict[str, str] | None = None
        try:
            _check_device(given["device"])
            located = locate(parse(given["ref"]), offline=given["offline"])
            engine = TransformersEngine(
                located, Loads(), device=given["device"], dtype=given["dtype"], batch_tokens=given["batch_tokens"]
            )
            if not engine.chat.template:
                engine.chat.template = given["template"]
            if given["constraint"] is not None:
                found = given["constraint"]
                engine = engine.constrained(Constraint(**{**found, "words": tuple(found.get("words", ()))}))
            self.engine = engine
            here = json.loads(json.dumps(dict(engine.identity())))
            if other := [f"{k}: {v} → {here.get(k)}" for k, v in given["identity"].items() if here.get(k) != v]:
                self.failed = _failed("a worker has another model than this process: " + "; ".join(other), _SAME)
        except UserError as error:
            self.failed = _failed(f"a worker cannot have the model: {error.what}", _SAME)

    def __call__(self, row: Mapping[str, str]) -> dict[str, str]:
        """The answers to a block of requests, or why there are none."""
        if self.failed is not None:
            return self.failed
        requests = [_request(one) for one in json.loads(row["requests"])]
        try:
            groups = list(self.engine.generate(requests, self.sampling))
        except UserError as error:
            return _failed(error.what, error.fix or "")
        answers = json.dumps([dataclasses.asdict(one) for group in groups for one in group])
        return {"answers": answers, "error": "", "fix": ""}


def _failed(what: str, fix: str) -> dict[str, str]:
    return {"answers": "[]", "error": what, "fix": fix}


def _check_device(device: str) -> None:
    """Raises UserError where a worker has no such device."""
    if device == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise UserError("its machine shows no GPU to torch")


def _ref_there(located: Located) -> str:
    """The ref by which another machine finds the same: Hub ids by commit, folders by their whole path."""
    base = located.ref.base
    if base.kind == "hub":
        ref = f"hf:{base.name}@{located.folder.name}"
    else:
        ref = "nano" if base.kind == "nano" else str(located.folder.resolve())
    return ref if located.adapter_folder is None else f"{ref}+{Path(located.adapter_folder).resolve()}"


def packed(request: Request) -> dict[str, Any]:
    """A request as JSON."""
    return {
        "key": request.key,
        "sample_id": request.sample_id,
        "messages": [(m.role, m.content) for m in request.prompt.messages],
        "token_ids": request.prompt.token_ids,
        "tools": list(request.prompt.tools),
        "repeat": request.repeat,
        "seed": request.seed,
    }


def _request(given: Mapping[str, Any]) -> Request:
    messages = tuple(Message(role, content) for role, content in given["messages"])
    ids = given["token_ids"]
    prompt = Prompt(messages, None if ids is None else tuple(ids), tuple(given["tools"]))
    return Request(given["key"], given["sample_id"], prompt, given["repeat"], given["seed"])


def answers_of(row: Mapping[str, str]) -> list[Generation]:
    """What a worker answered to a block."""
    return [_generation(one) for one in json.loads(row["answers"])]


def _generation(given: Mapping[str, Any]) -> Generation:
    failure, likelihood = given["failure"], given["likelihood"]
    return Generation(
        **{
            **given,
            "failure": Failure(**failure) if failure else None,
            "likelihood": Likelihood(**likelihood) if likelihood else None,
        }
    )


def _hush() -> None:
    """Ray Data says every step of its own; what a user should hear of is an error here."""
    import logging

    logging.getLogger("ray.data").setLevel(logging.ERROR)
