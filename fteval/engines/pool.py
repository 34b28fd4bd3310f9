"""All models of a run: opened by ref, loaded once per base, shared by base and adapters."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from fteval import registry
from fteval.engines.cluster import ClusterEngine
from fteval.engines.local.engine import TransformersEngine
from fteval.engines.local.folders import locate
from fteval.engines.local.hashed import Hashed
from fteval.engines.local.loads import Loads
from fteval.engines.refs import ModelRef, display, is_loopback, parse
from fteval.engines.remote.engine import ServerEngine
from fteval.engines.remote.servers import Servers
from fteval.engines.workers import Cluster
from fteval.errors import UserError
from fteval.records import Engine, Model

if TYPE_CHECKING:
    from types import TracebackType

DTYPE_NAMES = {
    "auto": "auto",
    "float32": "float32", "fp32": "float32",
    "bfloat16": "bfloat16", "bf16": "bfloat16",
    "float16": "float16", "fp16": "float16",
}  # fmt: skip


class Pool:
    """Opens model refs; a context manager. Nothing heavy is imported before a local model is opened."""

    def __init__(
        self,
        candidates: Path | None = None,
        *,
        device: str = "auto",
        dtype: str = "auto",
        batch_tokens: int | None = None,
        offline: bool = False,
        servers: Servers | None = None,
        given: Mapping[str, Model] | None = None,
        cluster: Cluster | None = None,
    ) -> None:
        """`candidates` is the store's folder of trained ones, `given` models of this process by their refs. `dtype`
        auto is the checkpoint's own."""
        if dtype not in DTYPE_NAMES:
            raise UserError(f"no dtype '{dtype}'", fix="auto, float32, bfloat16 or float16")
        if batch_tokens is not None and batch_tokens < 1:
            raise UserError(f"batch tokens must be at least 1, found {batch_tokens}")
        if offline:
            os.environ["HF_HUB_OFFLINE"] = (
                "1"  # read when huggingface_hub is imported; local_files_only covers the rest
            )
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        self.candidates, self.device, self.dtype = candidates, device, DTYPE_NAMES[dtype]
        self.batch_tokens, self.offline, self.servers = batch_tokens, offline, servers or Servers()
        self.given, self.cluster = given or {}, cluster
        self.templates: dict[str, str] = {}
        """ref -> chat template that it is asked by where it has none, see `preflight.lend_template`."""
        self._hashed = Hashed()
        self._opened: list[Engine] = []
        self._loads: Loads | None = None

    def open(self, ref: str) -> Engine:
        """The engine for a model ref. Raises UserError for one that names nothing usable, see `refs` and `folders`."""
        model = parse(ref, self.candidates)
        if ref in self.given and (known := next((one for one in self._opened if one.ref == ref), None)) is not None:
            return known  # one model is one engine, whose weights are digested once
        if model.base.kind == "scheme":
            self._opened.append(registry.engine(ref, self))
            return self._opened[-1]
        if model.base.kind == "server":
            return self._server(model)
        missing = [
            name for name in ("torch", "transformers", *(["peft"] if model.adapter else [])) if not installed(name)
        ]
        if missing:
            raise UserError(f"local models need {', '.join(missing)}", fix="pip install 'fteval[hf]'")

        located = locate(model, offline=self.offline, weights_of=self._hashed)
        engine: TransformersEngine
        if self.cluster is not None:
            engine = ClusterEngine(
                located,
                self.loads,
                self.cluster,
                dtype=self.dtype,
                batch_tokens=self.batch_tokens,
                offline=self.offline,
            )
        else:
            engine = TransformersEngine(
                located, self.loads, device=find_device(self.device), dtype=self.dtype, batch_tokens=self.batch_tokens
            )
        if ref in self.templates and not engine.chat.template:
            engine.chat.template = self.templates[ref]
        return engine

    @property
    def loads(self) -> Loads:
        """What is in memory of local models, for all engines together."""
        if self._loads is None:
            from fteval.engines.local.loads import Loads

            self._loads = Loads()
        return self._loads

    def close(self) -> None:
        """Gives all weights back, and lets every engine that holds something close it."""
        while self._opened:  # the last one first: it may rest on an earlier one
            self._opened.pop().close()
        if self._loads is not None:
            self._loads.close()

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _server(self, model: ModelRef) -> Engine:
        urls = self.servers.replicas(model.base.url or "")
        if self.offline and not all(map(is_loopback, urls)):
            raise UserError(
                f"{display(model.text)} is behind a server, and --offline asks no network", fix="leave --offline out"
            )
        engine = ServerEngine(
            model,
            limits=self.servers.limits,
            budget=self.servers.budget,
            prices=self.servers.prices,
            key_variable=self.servers.key_variable(model.base.url),
            asked=self.servers.asked,
            replicas={url: self.servers.key_variable(url) for url in urls[1:]},
        )
        self._opened.append(engine)
        return engine


def installed(name: str) -> bool:
    """Whether a library is installed, without importing it."""
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def find_device(asked: str) -> str:
    """The device to use. Raises UserError for one that is not there."""
    if asked == "cpu" or (asked == "auto" and importlib.metadata.version("torch").endswith("+cpu")):
        return "cpu"  # known without importing torch
    import torch

    if asked == "auto":
        return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(asked)
    except RuntimeError as error:
        raise UserError(f"no device '{asked}'", fix="auto, cpu, cuda, cuda:1 or mps") from error
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there.get(device.type) or (device.index or 0) >= max(1, torch.cuda.device_count()):
        raise UserError(f"no device '{asked}' on this machine", fix="auto or cpu")
    return asked
