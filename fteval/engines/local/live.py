"""A model in memory, asked while it is being trained: nothing is loaded, and all is left as it was found.

With an adapter, the base is the model with the adapter disabled; else it is a copy, made before the first step where
somebody needs one.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from fteval.engines.local.chat import Chat, stop_ids
from fteval.engines.local.decode import Model
from fteval.engines.local.engine import TransformersEngine
from fteval.engines.local.folders import Located
from fteval.engines.local.randomness import put_back, random_states
from fteval.engines.local.weights import PROMPT_LEARNING
from fteval.engines.refs import ModelRef, Source

IN_TRAINING = "in training"
"""Stands for the digest of the adapter: its weights change with every step."""


class LiveWeights:
    """A model of transformers, or of PEFT with one adapter that is trained: what `Weights` is to an engine."""

    def __init__(self, model: Any, pad: int) -> None:
        self.tuned = model if hasattr(model, "get_base_model") else None
        self.inner = model if self.tuned is None else self.tuned.get_base_model()
        """The transformers model; a LoRA adapter lives in its layers."""
        self.model, self.pad = model, pad
        settings = self.tuned.peft_config[self.tuned.active_adapter].to_dict() if self.tuned is not None else {}
        self.kind = str(getattr(settings.get("peft_type"), "value", settings.get("peft_type") or "")).upper()
        self.adapter_config: Mapping[str, Any] = {**settings, "peft_type": self.kind}
        """As adapter_config.json would have it."""
        self._copy: Any = None

    @property
    def embeddings(self) -> int:
        return int(self.inner.get_input_embeddings().weight.shape[0])

    @property
    def is_disabled(self) -> bool:
        """Whether somebody has disabled the adapter."""
        return any(getattr(module, "disable_adapters", False) is True for module in self.model.modules())

    def keep_base(self, base: Any = None) -> None:
        """Copies the model as it is now, where no adapter can be disabled to have it again; or takes `base` for it."""
        if self.tuned is None:
            self._copy = (copy.deepcopy(self.model) if base is None else base).eval()
            for module in self._copy.modules():
                module.__dict__.pop("forward", None)  # TRL puts another in its place, which goes on with the original

    def forget_base(self) -> None:
        """Gives the memory of a copy back."""
        self._copy = None

    def use(self, adapter: str | None) -> Model:
        """The model as it is trained, or (None) the base, until the next call; in evaluation mode already."""
        if self.tuned is None:
            module = self._copy if adapter is None and self._copy is not None else self.model
            return Model(module, module, self.pad)
        if self.kind in PROMPT_LEARNING:
            if adapter is None:
                return Model(self.inner, self.inner, self.pad)
            return Model(self.tuned, self.inner, self.pad, why_not="a learnt prompt")
        if adapter is None:
            self.tuned.base_model.disable_adapter_layers()
        else:
            self.tuned.base_model.enable_adapter_layers()
        return Model(self.inner if self.kind == "LORA" or adapter is None else self.tuned, self.inner, self.pad)

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Evaluation mode inside; afterwards modes, gradients, adapter and all random states are as they were."""
        modes = [(module, module.training) for module in self.model.modules()]
        learnt = [(parameter, parameter.requires_grad) for parameter in self.model.parameters()]
        states = random_states()
        strict = torch.are_deterministic_algorithms_enabled()
        lenient = torch.is_deterministic_algorithms_warn_only_enabled()
        disabled = self.is_disabled
        self.model.eval()
        try:
            with warnings.catch_warnings():
                if strict:  # some steps of decoding have no such algorithm on a GPU
                    torch.use_deterministic_algorithms(True, warn_only=True)
                    warnings.filterwarnings("ignore", ".*deterministic.*")
                yield
        finally:
            if strict:
                torch.use_deterministic_algorithms(True, warn_only=lenient)
            if self.tuned is not None and self.kind not in PROMPT_LEARNING:
                self.use(None if disabled else IN_TRAINING)
            for module, training in modes:
                module.training = training
            for parameter, requires_grad in learnt:
                parameter.requires_grad_(requires_grad)
            put_back(states)


class LiveEngine(TransformersEngine):
    """The engine on a model in memory, or on its base; ask it inside `LiveWeights.undisturbed`."""

    def __init__(self, weights: LiveWeights, chat: Chat, *, base: bool = False) -> None:
        config, device = weights.inner.config, weights.inner.device
        self.ref = "the base" if base else "the model in training"
        self.located = Located(
            ModelRef(self.ref, Source("local", str(chat.folder))),
            Path(str(chat.folder)),
            IN_TRAINING,
            config.to_dict(),
            adapter=None if base else IN_TRAINING,
            adapter_config=None if base else dict(weights.adapter_config),
        )
        self.device, self.batch_tokens = str(device.type if device.index is None else device), None
        self.dtype, self.chat = str(weights.inner.dtype).removeprefix("torch."), chat
        self.on_event, self._told = None, set()
        settings = weights.inner.generation_config.to_dict() if weights.inner.generation_config is not None else {}
        named = {"eos_token_id": settings["eos_token_id"]} if settings.get("eos_token_id") is not None else {}
        self.stop_ids = stop_ids(chat.tokenizer, named, self.located.config)
        self._rows = weights.embeddings
        self._live = weights

    def identity(self) -> Mapping[str, Any]:
        return {"engine": "live", "model": self.ref}

    def weights(self) -> LiveWeights:  # type: ignore[override]  # what `Weights` is to an engine
        return self._live

    def close(self) -> None:
        """The model is somebody else's."""
