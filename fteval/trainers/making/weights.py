"""What a training leaves: weights that were looked at, in files that cannot run and name no machine."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fteval.engines import refs
from fteval.errors import Incomplete, UserError
from fteval.runs.journal.files import cannot_write
from fteval.trainers.making.base import Base
from fteval.trainers.making.candidate import PASSIVE, RECORD
from fteval.trainers.making.progress import Fruitless

_SPARE = 16 << 20
"""Bytes beside the weights: config, tokenizer, log."""


def check_space(model: Any, place: Path) -> None:
    """Raises UserError before the training when the disk could not hold what it leaves."""
    needed = sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad) + _SPARE
    free = shutil.disk_usage(place).free
    if free < needed:
        raise UserError(
            f"not enough disk space: the candidate takes {needed / 1e6:,.0f} MB, {free / 1e6:,.0f} MB are free",
            where=str(place.parent.parent),
            fix="free some space, name another --store, or train an adapter (lora_rank)",
        )


def fingerprint(trained: Mapping[str, Any]) -> dict[str, int]:
    """Name -> a number that is another one when a bit of the weight is."""
    import torch

    known = {name: p.detach() for name, p in trained.items() if p.numel() and not p.is_meta}
    return {name: int(torch.hash_tensor(p).view(torch.int64)) for name, p in known.items()}


def check_trained(trained: Mapping[str, Any], before: Mapping[str, int]) -> None:
    """Raises Fruitless for weights that are no numbers, and where all are as their `fingerprint` was before."""
    broken = [name for name, p in trained.items() if not p.isfinite().all()]
    if broken:
        raise Fruitless(
            f"{len(broken)} trained weights are NaN or infinite, {broken[0]} first; no candidate was registered",
            fix="set a lower learning_rate, and precision float32 if it was not",
        )
    if fingerprint(trained) == before:
        raise Fruitless(
            "the training changed nothing: rate or gradient was 0 in every step; no candidate was registered",
            fix="set more epochs or max_steps, or a warmup of fewer steps: the first one has a rate of 0; of rewards,"
            " take one that differs between answers to the same prompt",
        )


def save_adapter(model: Any, base: Base, place: Path, **state: Any) -> None:
    """adapter_model.safetensors, and an adapter_config.json that names the base as the record does.

    `state_dict` where the model itself has but a share of the weights.
    """
    model.save_pretrained(place, save_embedding_layers=False, **state)  # "auto" would ask the Hub
    (place / "README.md").unlink()  # PEFT's empty model card
    config = refs.read_json(place / "adapter_config.json")
    name, _, commit = base.ref.removeprefix("hf:").partition("@") if base.ref.startswith("hf:") else (base.ref, "", "")
    config |= {"base_model_name_or_path": name, "revision": commit or None}
    if "tokenizer_name_or_path" in config:  # of a learnt prompt: a folder of this machine, read only where it begins
        config["tokenizer_name_or_path"] = None
    if isinstance(config.get("target_modules"), list):
        config["target_modules"].sort()  # a set, in another order in each process
    write_json(place / "adapter_config.json", config)


def save_full(model: Any, base: Base, place: Path, **state: Any) -> None:
    """The weights with the base's own tokenizer, template and stop tokens, byte for byte: it loads anywhere."""
    model.save_pretrained(place, **state)
    made = {p.name for p in place.iterdir()} - {"generation_config.json"}
    for source in base.located.folder.iterdir():
        kept = source.suffix in PASSIVE - {".safetensors", ".md"} and not source.name.endswith(".index.json")
        if kept and source.name not in made | {RECORD} and source.is_file():
            shutil.copyfile(source, place / source.name)


def write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n", encoding="utf-8")


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Raises Incomplete when the disk does not take what is written inside."""
    from safetensors import SafetensorError

    try:
        yield
    except SafetensorError as error:
        raise Incomplete(
            f"cannot write the weights: {error}",
            where=str(place),
            fix="free some space, and give the same command again",
        ) from error
    except OSError as error:
        raise cannot_write(place, error) from error
