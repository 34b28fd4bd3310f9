"""What weights, adapters and tokenizers *are*: digests of their bytes, never of their names.

Hashed anew whenever a process opens a model (about 1 GB/s): a cache keyed on size and mtime would not see weights that
were saved over with both unchanged.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from fteval.engines.refs import read_json
from fteval.records import digest

PLACES = frozenset(
    # Where an adapter was made and by which release, not what it does.
    ["base_model_name_or_path", "revision", "inference_mode", "auto_mapping", "peft_version", "parent_library"]
)


PIECE = 1 << 24
"""Bytes that are hashed at once: after each piece a thread waits for its turn among those that run Python."""


def file_digest(path: Path) -> str:
    """Hex sha256 of a file's bytes."""
    found = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        piece = memoryview(bytearray(min(PIECE, path.stat().st_size + 1)))
        while n := file.readinto(piece):
            found.update(piece[:n])
    return found.hexdigest()


def weights_digest(folder: Path) -> str:
    """Digest of a full model: its safetensors, their index and its two configs, by name and content."""
    return digest([[path.name, file_digest(path)] for path in weight_files(folder)])


def weight_files(folder: Path) -> list[Path]:
    """The files whose bytes decide what a full model computes, sorted by name."""
    weights = [p for p in folder.glob("*.safetensors") if not p.name.startswith("adapter_")]
    # The index says which tensor is taken from which shard.
    configs = [folder / n for n in ("config.json", "generation_config.json", "model.safetensors.index.json")]
    return sorted([*weights, *(p for p in configs if p.exists())], key=lambda p: p.name)


def adapter_digest(folder: Path) -> str:
    """Digest of an adapter: its weights and what its config means, without paths and versions."""
    config = {k: v for k, v in read_json(folder / "adapter_config.json").items() if k not in PLACES}
    return digest([file_digest(folder / "adapter_model.safetensors"), config])


def tokenizer_digest(tokenizer: Any) -> str:
    """Digest of a loaded tokenizer: what it really does, whichever class the files led to.

    Not of the files: AutoTokenizer replaces what tokenizer.json says for some architectures.
    """
    # What fills up a batch is masked, and training libraries set it as they like.
    specials = {n: str(token) for n, token in sorted(tokenizer.special_tokens_map.items()) if n != "pad_token"}
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:
        return digest([backend.to_str(), specials])
    return digest([type(tokenizer).__name__, sorted(tokenizer.get_vocab().items()), specials])


def signature(files: list[Path]) -> list[tuple[str, int, int, int, int]]:
    """What changes when a file is written to while a process looks away. The change time is the kernel's own: `touch`
    and `cp -p` set the others."""
    stats = [(path.name, path.stat()) for path in files]
    return [(name, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for name, s in stats]
