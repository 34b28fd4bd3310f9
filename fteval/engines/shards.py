"""The engine for models that are asked through batch files: it says how a request is written, others run the files.

Makes no contact and loads no weights. Its answers are those that somebody has found in the outputs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from fteval.engines.local.engine import TransformersEngine
from fteval.engines.local.folders import Located
from fteval.engines.pool import Pool
from fteval.engines.refs import ModelRef, Source, parse
from fteval.engines.remote.body import Dialect, encoded
from fteval.engines.remote.engine import is_moving
from fteval.errors import UserError
from fteval.records import Generation, Message, Prompt, Request, Sampling

VERSION = 1
"""Goes up when the same request would be written otherwise."""
URL = "/v1/chat/completions"
GROUP = 500
"""Answers that are handed out at once."""
_VLLM = Dialect()
_HOSTED = Dialect(length="max_completion_tokens", without=frozenset(("top_k", "min_p", "repetition_penalty")))


class ShardEngine:
    """One model that batch files are written for."""

    def __init__(self, ref: ModelRef, local: TransformersEngine | None = None) -> None:
        """`local` says what the weights are, of a model that is no server's. Raises UserError for a scheme."""
        if ref.base.kind == "scheme":
            raise UserError(
                f"{ref.text} has its answers already, or an engine of its own: batch files cannot ask it",
                fix="run it without --shards",
            )
        self.ref = ref.text
        self.source: Source = ref.base
        self.answers: Callable[[Sequence[Request]], Iterable[Generation]] = lambda requests: ()
        """The answers that are there to some of these requests."""
        self._located: Located | None = local.located if local else None
        self._weights: dict[str, Any] = {}
        if local is not None:
            known = local.identity()
            self._weights = {name: known[name] for name in ("weights", "adapter", "tokenizer", "template")}

    @property
    def served(self) -> bool:
        """Whether the model is a server's, and not weights that lie here."""
        return self._located is None

    # --- what it is

    def identity(self) -> Mapping[str, Any]:
        """Digests of the weights where they are known, else where the model is served and what it is called there."""
        what = self._weights or {"place": (self.source.url or "").partition("://")[2], "model": self.source.name}
        return {"engine": "batch", "version": {"fteval": VERSION}, **what}

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        return Prompt(tuple(messages))

    def prompt_with(
        self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]], variables: Mapping[str, Any]
    ) -> Prompt:
        return Prompt(tuple(messages), tools=tuple(tools))

    def start(self, sampling: Sampling) -> Mapping[str, Any] | None:
        """What the run's record says of a served model; nobody is asked."""
        if not self.served:
            return None
        moving = is_moving(self.source.name, self.source.hosted)
        place = (self.source.url or "").partition("://")[2]
        what = {"place": place, "model": self.source.name, "served": None, "behaviour": None}
        return {**what, "moving": moving, "timeless": self.timeless}

    @property
    def timeless(self) -> bool:
        """Whether weights are known by their bytes, or a hosted model's name stands for ever."""
        return not self.served or (self.source.hosted and not is_moving(self.source.name, True))

    def same(self, earlier: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> bool:
        """Whether an earlier run's answers are this model's: weights and pinned hosted models are, other names may
        stand for anything."""
        return self.timeless

    def close(self) -> None:
        """Nothing is open."""

    # --- how it is asked

    def check(self, sampling: Sampling) -> None:
        """Raises UserError for a sampling field that the model's batches do not take."""
        self._dialect.body("", (Message("user", ""),), sampling, 0)

    def row(self, request: Request, sampling: Sampling, name: str) -> bytes:
        """A request's line of a batch file; `name` is what an adapter is called there."""
        body = self._dialect.body(
            self.model(name), request.prompt.messages, sampling, request.seed, request.prompt.tools
        )
        return encoded({"custom_id": request.key, "method": "POST", "url": URL, "body": body}) + b"\n"

    def model(self, name: str) -> str:
        """What the model is called in a batch file: a server's name, a Hub id, a path, or an adapter's `name`."""
        if self._located is None:
            return self.source.name
        return name if self._located.adapter_folder is not None else self._base(self._located)

    def vllm(self, name: str) -> list[str] | None:
        """The arguments by which `vllm run-batch` serves it; None for a provider's model."""
        if self.source.hosted:
            return None
        if self._located is None:
            return ["--model", self.source.name]
        options = ["--model", self._base(self._located)]
        if self.source.kind == "hub":
            options += ["--revision", self._located.folder.name]  # the commit whose bytes the identity is of
        if self._located.adapter_folder is not None:
            options += ["--enable-lora", "--lora-modules", f"{name}={self._located.adapter_folder}"]
            rank = (self._located.adapter_config or {}).get("r")
            if isinstance(rank, int) and rank > _VLLM_RANK:
                options += ["--max-lora-rank", str(rank)]
        return options

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Generation]]:
        """The answers that have been found; requests without one stay open."""
        for start in range(0, len(requests), GROUP):
            group = list(self.answers(requests[start : start + GROUP]))
            if group:
                yield group

    def loglikelihood(self, pairs: Sequence[tuple[Prompt, str]]) -> list[float]:
        raise UserError(f"{self.ref}: batch files do not say how likely a text is", fix="run it without --shards")

    @property
    def _dialect(self) -> Dialect:
        return _HOSTED if self.source.hosted else _VLLM

    def _base(self, located: Located) -> str:
        return self.source.name if self.source.kind == "hub" else str(located.folder.resolve())


_VLLM_RANK = 16
"""The largest LoRA rank that vLLM takes without being told."""


def open_engine(pool: Pool, ref: str) -> ShardEngine:
    """The engine for a model ref. Raises UserError as the pool does; a hosted model needs no key for this."""
    read = parse(ref, pool.candidates)
    if read.base.kind in ("server", "scheme"):
        return ShardEngine(read)
    local = pool.open(ref)
    assert isinstance(local, TransformersEngine)
    return ShardEngine(read, local)


def file_name(name: str) -> str:
    """A model's name as the beginning of file names; never one that the files of missing requests could have."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-") or "model"
    return re.sub(r"-missing$", "_missing", plain)
