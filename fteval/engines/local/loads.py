"""Weights in memory, one load per base: shared by the base and all adapters that can live on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fteval.engines.local.folders import Located, safetensors_header
from fteval.errors import UserError

if TYPE_CHECKING:
    from fteval.engines.local.weights import Weights


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be in memory: which files, as what numbers, where."""

    located: Located
    dtype: str
    device: str
    pad: int
    """Token id of padding."""

    @property
    def base(self) -> tuple[str, str, str]:
        return self.located.weights, self.dtype, self.device

    @property
    def key(self) -> tuple[str, ...]:
        return (*self.base, family(self.located))


class Loads:
    """The weights of all local engines of a run."""

    def __init__(self) -> None:
        self._wanted: list[Load] = []
        self._weights: dict[tuple[str, ...], Weights] = {}

    def add(self, load: Load) -> None:
        """An engine on this load was opened; nothing is read yet."""
        self._wanted.append(load)

    def drop(self, load: Load) -> None:
        """An engine was closed. Its weights stay until others need the room: the next engine often shares them."""
        self._wanted = [other for other in self._wanted if other is not load]

    def weights(self, load: Load, probes: Callable[[], list[list[int]]]) -> Weights:
        """The weights of a load, read, and with its adapter attached. `probes` gives the token ids of test prompts.

        Raises UserError when the files changed since the engine was opened: its identity would be wrong.
        """
        from fteval.engines.local.weights import Weights

        located, key = load.located, load.key
        weights = self._weights.get(key)
        if weights is None or weights.spoiled:
            self._make_room()
            _check_unchanged(located)
            weights = Weights(
                located.folder,
                load.dtype,
                load.device,
                pad=load.pad,
                probes=probes(),
                shared=key[-1] == "",
            )
            self._weights[key] = weights
        if located.adapter is not None and not weights.holds(located.adapter):
            assert located.adapter_folder is not None and located.adapter_config is not None
            _check_unchanged(located)
            weights.attach(located.adapter_folder, located.adapter, located.adapter_config)
        return weights

    def __len__(self) -> int:
        return len(self._weights)

    def close(self) -> None:
        """Gives all memory back."""
        devices = {key[2] for key in self._weights}
        self._wanted.clear()
        self._weights.clear()
        if devices:
            from fteval.engines.local.batches import free_memory

            for device in devices:
                free_memory(device)

    def _make_room(self) -> None:
        """Drops weights that no open engine uses, before others are loaded."""
        wanted = {load.base for load in self._wanted}
        for key in [k for k, weights in self._weights.items() if k[:3] not in wanted or weights.spoiled]:
            del self._weights[key]


def _check_unchanged(located: Located) -> None:
    if not located.unchanged():
        raise UserError(
            "the weights were saved over after they were opened",
            where=str(located.adapter_folder or located.folder),
            fix="run the same command again when nothing writes there",
        )


def family(located: Located) -> str:
    """Adapters of one family live on one load with the base: LoRA in the layers alone, and learnt prompts.

    Others change weights of the base itself (biases, embeddings that were saved too), or cannot be mixed in PEFT, and
    get a load of their own.
    """
    from fteval.engines.local.weights import PROMPT_LEARNING

    if located.adapter is None or located.adapter_folder is None or located.adapter_config is None:
        return ""
    kind = str(located.adapter_config["peft_type"]).upper()
    keys = set(safetensors_header(located.adapter_folder / "adapter_model.safetensors")) - {"__metadata__"}
    if kind in PROMPT_LEARNING or (kind == "LORA" and all("lora_" in key for key in keys)):
        return ""
    return located.adapter
