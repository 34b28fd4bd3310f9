"""All models of a run: opened by ref, loaded once per base, shared by base and adapters."""

from __future__ import annotations

import importlib.metadata
import os
from pathlib import Path
from typing import TYPE_CHECKING

from fteval.engines.refs import ModelRef, display, is_loopback, parse
from fteval.engines.remote.servers import Servers
from fteval.errors import UserError
from fteval.records import Engine

if TYPE_CHECKING:
    from types import TracebackType

    from fteval.engines.local.engine import TransformersEngine
    from fteval.engines.local.folders import Located
    from fteval.engines.local.weights import Weights
    from fteval.engines.remote.engine import ServerEngine

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
    ) -> None:
        """`candidates` is the store's folder of trained ones. `dtype` auto is the checkpoint's own."""
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
        self._served: list[ServerEngine] = []
        self._open: list[TransformersEngine] = []
        self._weights: dict[tuple[str, ...], Weights] = {}

    def open(self, ref: str) -> Engine:
        """The engine for a model ref. Raises UserError for one that names nothing usable, see `refs` and `folders`."""
        model = parse(ref, self.candidates)
        if model.base.kind == "replay":
            from fteval.engines.replay import ReplayEngine

            return ReplayEngine(ref, Path(model.base.name))
        if model.base.kind == "server":
            return self._server(model)
        missing = [
            name for name in ("torch", "transformers", *(["peft"] if model.adapter else [])) if not installed(name)
        ]
        if missing:
            raise UserError(f"local models need {', '.join(missing)}", fix="pip install 'fteval[hf]'")
        from fteval.engines.local.engine import TransformersEngine
        from fteval.engines.local.folders import locate

        located = locate(model, offline=self.offline)
        engine = TransformersEngine(
            located, self, device=find_device(self.device), dtype=self.dtype, batch_tokens=self.batch_tokens
        )
        self._open.append(engine)
        return engine

    def weights(self, engine: TransformersEngine) -> Weights:
        """The weights behind an engine, loaded and with its adapter attached.

        Raises UserError when the files changed since the engine was opened: its identity would be wrong.
        """
        from fteval.engines.local.weights import Weights

        located = engine.located
        key = (located.weights, engine.dtype, engine.device, _family(located))
        weights = self._weights.get(key)
        if weights is None or weights.spoiled:
            self._make_room()
            if not located.unchanged():
                raise _changed(engine)
            weights = Weights(
                located.folder,
                engine.dtype,
                engine.device,
                pad=engine.chat.tokenizer.pad_token_id or 0,
                probes=engine.probe_ids(),
                shared=key[-1] == "",
            )
            self._weights[key] = weights
        if located.adapter is not None and not weights.holds(located.adapter):
            assert located.adapter_folder is not None and located.adapter_config is not None
            if not located.unchanged():
                raise _changed(engine)
            weights.attach(located.adapter_folder, located.adapter, located.adapter_config)
        return weights

    def closed(self, engine: TransformersEngine) -> None:
        """Forgets an engine; its weights stay until others need the room, because the next engine often shares them."""
        self._open = [other for other in self._open if other is not engine]

    def close(self) -> None:
        """Gives all weights back."""
        for server in self._served:
            server.close()
        self._served.clear()
        self._open.clear()
        if self._weights:
            from fteval.engines.local.batches import free_memory

            self._weights.clear()
            free_memory(self.device)

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _server(self, model: ModelRef) -> Engine:
        from fteval.engines.remote.engine import ServerEngine

        if self.offline and not is_loopback(model.base.url or ""):
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
        )
        self._served.append(engine)
        return engine

    def _make_room(self) -> None:
        """Drops weights that no open engine uses, before others are loaded."""
        wanted = {(e.located.weights, e.dtype, e.device) for e in self._open}
        for key in [k for k, weights in self._weights.items() if k[:3] not in wanted or weights.spoiled]:
            del self._weights[key]


def _changed(engine: TransformersEngine) -> UserError:
    return UserError(
        "the weights were saved over after they were opened",
        where=str(engine.located.adapter_folder or engine.located.folder),
        fix="run the same command again when nothing writes there",
    )


def _family(located: Located) -> str:
    """Adapters of one family live on one load with the base: LoRA in the layers alone, and learnt prompts.

    Others change weights of the base itself (biases, embeddings that were saved too), or cannot be mixed in PEFT, and
    get a load of their own.
    """
    from fteval.engines.local.folders import safetensors_header
    from fteval.engines.local.weights import PROMPT_LEARNING

    if located.adapter is None or located.adapter_folder is None or located.adapter_config is None:
        return ""
    kind = str(located.adapter_config["peft_type"]).upper()
    keys = set(safetensors_header(located.adapter_folder / "adapter_model.safetensors")) - {"__metadata__"}
    if kind in PROMPT_LEARNING or (kind == "LORA" and all("lora_" in key for key in keys)):
        return ""
    return located.adapter


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
