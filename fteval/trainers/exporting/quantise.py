"""Weights in eight bits: torchao's int8, one scale a row, in safetensors that plain transformers loads.

Linear layers only; embeddings and norms stay as they are. What is computed is computed in the folder's own numbers.
"""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Any

from fteval.engines.local.hush import hush
from fteval.errors import UserError
from fteval.trainers.exporting.write import SHARD

LIBRARY = "torchao"


def check_installed() -> None:
    """Raises UserError where the library is not there."""
    try:
        importlib.metadata.version(LIBRARY)
    except importlib.metadata.PackageNotFoundError:
        raise UserError(f"--quantise int8 needs {LIBRARY}", fix="pip install 'fteval[quantise]'") from None


def quantise(whole: Path, place: Path, dtype: str) -> None:
    """Writes the model of one folder into another, its linear layers in int8; tokenizer and all that is not done."""
    hush()
    import torch
    from torchao.quantization import Int8WeightOnlyConfig
    from transformers import AutoModelForCausalLM, TorchAoConfig

    from fteval.engines.local.weights import quiet

    with quiet():
        model: Any = AutoModelForCausalLM.from_pretrained(
            whole,
            dtype=getattr(torch, dtype),
            quantization_config=TorchAoConfig(Int8WeightOnlyConfig(version=2)),
            device_map="cpu",
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
        )
        model.save_pretrained(place, max_shard_size=SHARD)
