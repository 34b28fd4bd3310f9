"""A transformers or PEFT model that is in memory, with its tokenizer: nothing is loaded, and all is left as it was.

What it is, is what its tensors hold: a digest of them, of its config and of its adapters' configs. The folder that it
was loaded from has another digest, of its files' bytes, so that the two do not share answers.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import torch

from fteval.engines.local.chat import Chat
from fteval.engines.local.digests import PLACES
from fteval.engines.local.engine import TransformersEngine
from fteval.engines.local.live import LiveEngine, LiveWeights
from fteval.engines.refs import ModelRef, Source
from fteval.errors import UserError
from fteval.records import Model, digest

FORGOTTEN = PLACES | {"_name_or_path", "transformers_version", "torch_dtype", "use_cache", "model_type_version"}
"""Of configs: where a model came from, and how it is kept."""

ADDED = ("lora_", "ia3_", "vera_", "prompt_encoder", "modules_to_save")
"""How PEFT's own layers begin."""

LIBRARIES = ("transformers.", "peft.", "accelerate.")
"""Whose hooks move tensors and let gradients pass."""


class LoadedEngine(LiveEngine):
    """The engine on a model that somebody else holds."""

    def __init__(self, weights: LiveWeights, chat: Chat, *, base: bool = False) -> None:
        super().__init__(weights, chat, base=base)
        self._kept = ExitStack()
        self._open = False
        self._once = secrets.token_hex(16)

    @classmethod
    def of(cls, ref: str, model: Model) -> LoadedEngine:
        """Raises UserError for a model that a PEFT model has put adapters into, and for adapters that are disabled."""
        _check(model.model, ref)
        chat = Chat.of(model.tokenizer)
        weights = LiveWeights(model.model, chat.tokenizer.pad_token_id or 0)
        made = cls(weights, chat, base=not model.adapter)
        made.ref = ref
        adapted = weights.tuned is not None and model.adapter
        if adapted and weights.is_disabled:
            raise UserError(
                "the adapters of this model are disabled: it would be measured with them, and answers without",
                where=ref,
                fix="fteval.Model(peft_model, tokenizer, adapter=False) is its base; or enable_adapter_layers()",
            )
        made.located = replace(
            made.located,
            ref=ModelRef(ref, Source("scheme", ref)),
            weights=_digest(weights.inner, adapters=False),
            adapter=_digest(weights.model, adapters=True) if adapted else None,
            adapter_config=dict(weights.adapter_config) if adapted else None,
        )
        made._check_sizes()
        return made

    def identity(self) -> Mapping[str, Any]:
        """With what no other engine ever says, where code of somebody else's may change what the layers say."""
        config = self.weights_in_memory.inner.config
        return {
            **TransformersEngine.identity(self),
            "attention": str(getattr(config, "_attn_implementation", None) or "default"),
            **({"hooks": self._once} if _is_hooked(self.weights_in_memory.model) else {}),
        }

    @property
    def weights_in_memory(self) -> LiveWeights:
        """The model; `weights` puts it into evaluation mode."""
        return self._live

    def weights(self) -> LiveWeights:  # type: ignore[override]  # what `Weights` is to an engine
        if not self._open:
            self._open = True
            self._kept.enter_context(self._live.undisturbed())
        return self._live

    def close(self) -> None:
        """Leaves the model as it was found; it is somebody else's."""
        self._kept.close()
        self._open = False


def _check(model: Any, ref: str) -> None:
    if hasattr(model, "peft_config") and hasattr(model, "get_base_model"):
        return
    layers = [name for name, part in model.named_modules() if hasattr(part, "base_layer")]
    if layers:
        raise UserError(
            f"there are adapters in the layers of this model ({layers[0]}, …): it is not what it was loaded as",
            where=ref,
            fix="give the PEFT model itself; fteval.Model(peft_model, tokenizer, adapter=False) is its base",
        )


def _digest(model: Any, *, adapters: bool) -> str:
    """Of the tensors of a model without its adapters, or of what the adapters add; with its configs."""
    total = hashlib.sha256()
    for name, tensor in sorted(_tensors(model, adapters)):
        total.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        total.update(tensor.detach().to("cpu").contiguous().flatten().view(torch.uint8).numpy().data)
    configs = [_plain(model.config.to_dict()), _adapters(model) if adapters else []]
    return digest([f"tensors:{total.hexdigest()}", *configs])


def _tensors(model: Any, adapters: bool) -> Iterator[tuple[str, torch.Tensor]]:
    for name, tensor in model.state_dict().items():
        if isinstance(tensor, torch.Tensor) and _is_added(name) == adapters:
            yield name.replace(".base_layer.", ".").replace(".original_module.", "."), tensor


def _is_added(name: str) -> bool:
    """Whether a tensor is PEFT's: by the name of its layer, which PEFT gives it."""
    return any(part.startswith(ADDED) for part in name.split("."))


def _adapters(model: Any) -> list[Any]:
    """Each active adapter's config, and how strongly each layer takes it: a scaling may be set in place."""
    active = getattr(model, "active_adapters", None)
    names = active if isinstance(active, list) else [model.active_adapter]
    layers = [
        (where, part.scaling) for where, part in model.named_modules() if isinstance(vars(part).get("scaling"), dict)
    ]
    return [
        [
            name,
            _plain(model.peft_config[name].to_dict()),
            [[where, str(by[name])] for where, by in layers if name in by],
        ]
        for name in names
    ]


def _is_hooked(model: Any) -> bool:
    """Whether code runs in the forward pass that the model was not loaded with: no digest of tensors tells it."""
    for part in model.modules():
        hooks = (*part._forward_hooks.values(), *part._forward_pre_hooks.values())
        if any(_is_foreign(hook) for hook in hooks) or ("forward" in vars(part) and not hasattr(part, "_hf_hook")):
            return True
    return False


def _is_foreign(hook: Any) -> bool:
    return not str(getattr(hook, "__module__", "")).startswith(LIBRARIES)


def _plain(config: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _value(value) for key, value in sorted(config.items()) if key not in FORGOTTEN}


def _value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_value(one) for one in value]
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
