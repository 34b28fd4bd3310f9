"""From a model ref to folders that can be loaded: fetched, complete, safetensors only, the adapter on its own base."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fteval.engines.local import digests
from fteval.engines.local.exported import export_of
from fteval.engines.refs import (
    NANO,
    ModelRef,
    Source,
    base_of_adapter,
    display,
    exists,
    is_hub_id,
    quantised_base,
    read_json,
    unquantised,
)
from fteval.errors import Incomplete, UserError

PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
WANTED = ["*.safetensors", "*.json", "*.jinja", "*.txt", "*.model", "LICENSE*"]
"""What is fetched of a Hub repository: never pickles, never code."""

DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}


@dataclass(frozen=True, slots=True)
class Located:
    """A model's folders, with the digests of what lies in them at this moment."""

    ref: ModelRef
    folder: Path
    weights: str
    config: dict[str, Any]
    adapter_folder: Path | None = None
    adapter: str | None = None
    adapter_config: dict[str, Any] | None = None
    seen: tuple[Any, ...] = ()
    """The files as they were before they were hashed, see `unchanged`."""
    export: Mapping[str, Any] | None = None
    """Which candidate a full model is an export of, see `exported`."""

    def rows(self) -> int | None:
        """Rows of the embedding, of which an adapter may bring its own; None where nothing says how many."""
        text = self.config.get("text_config")
        named = self.config.get("vocab_size", text.get("vocab_size") if isinstance(text, dict) else None)
        if not isinstance(named, int) or self.adapter_folder is None:
            return named if isinstance(named, int) else None
        trained = trained_tokens(self.adapter_config or {})
        return saved_rows(self.adapter_folder, self.config) or max([named, *(i + 1 for i in trained)])

    @property
    def context(self) -> int | None:
        """Tokens that prompt and answer may have together; None where the config names no limit."""
        text = self.config.get("text_config")
        for config in (self.config, text if isinstance(text, dict) else {}):
            for name in ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "seq_length"):
                if isinstance(config.get(name), int):
                    virtual = (self.adapter_config or {}).get("num_virtual_tokens") or 0
                    return int(config[name]) - int(virtual)
        return None

    def unchanged(self) -> bool:
        """Whether the files are still those that were hashed: not written to since, or with the same content."""
        if self.seen == _seen(self.folder, self.adapter_folder):
            return True
        adapter = digests.adapter_digest(self.adapter_folder) if self.adapter_folder is not None else None
        return (digests.weights_digest(self.folder), adapter) == (self.weights, self.adapter)


def _seen(folder: Path, adapter: Path | None) -> tuple[Any, ...]:
    files = digests.weight_files(folder)
    if adapter is not None:
        files += [adapter / "adapter_config.json", adapter / "adapter_model.safetensors"]
    try:
        return tuple(digests.signature(files))
    except OSError:
        return ()


def locate(
    ref: ModelRef, *, offline: bool = False, weights_of: Callable[[Path], str] = digests.weights_digest
) -> Located:
    """The folders behind a ref, checked as far as can be without loading weights. `weights_of` digests the base's.

    Raises UserError for pickle-only or incomplete folders, for code that would have to be trusted, and for an adapter
    of another base; Incomplete when a Hub model is neither here nor to be had.
    """
    folder = fetch(ref.base, offline=offline)
    if ref.adapter is None and not exists(folder / "config.json") and exists(folder / "adapter_config.json"):
        # A Hub repository that holds only an adapter.
        name = base_of_adapter(folder)
        raise UserError(f"{display(ref.text)} is an adapter", fix=f"name its base: hf:{name or 'BASE'}+{ref.text}")
    config = check_model_folder(folder)
    adapter_folder = fetch(ref.adapter, offline=offline) if ref.adapter is not None else None
    adapter_config = check_adapter_folder(adapter_folder) if adapter_folder is not None else None
    seen = _seen(folder, adapter_folder)
    weights = weights_of(folder)
    if adapter_folder is None:
        _check_recorded(ref, weights)
        return Located(ref, folder, weights, config, seen=seen, export=export_of(folder, weights))
    check_same_base(ref, folder, weights, adapter_folder)
    adapter = digests.adapter_digest(adapter_folder)
    _check_recorded(ref, adapter)
    return Located(ref, folder, weights, config, adapter_folder, adapter, adapter_config, seen)


def fetch(source: Source, *, offline: bool = False) -> Path:
    """The folder of a source, downloaded from the Hub if need be."""
    if source.kind == "nano":
        if not exists(NANO / "config.json"):
            raise UserError(
                "the embedded model is not in this installation", where=str(NANO), fix="python -m fteval.nano.build"
            )
        return NANO
    if source.kind == "local":
        return Path(source.name)
    try:
        import huggingface_hub
        from huggingface_hub import errors
    except ImportError as error:
        raise UserError("local models need torch and transformers", fix="pip install 'fteval[hf]'") from error
    try:
        return Path(
            huggingface_hub.snapshot_download(
                source.name, revision=source.revision, allow_patterns=WANTED, local_files_only=offline
            )
        )
    except errors.GatedRepoError as error:
        raise UserError(f"{source} is gated", fix="accept its licence on the Hub, then `hf auth login`") from error
    except errors.RevisionNotFoundError as error:
        raise UserError(f"{source}: no such revision", fix="a commit, a branch or a tag after the '@'") from error
    except errors.RepositoryNotFoundError as error:
        raise UserError(f"{source} is not on the Hub, or not for you to see", fix="check the spelling") from error
    except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled, errors.HfHubHTTPError, OSError) as error:
        why = "offline" if offline or huggingface_hub.constants.HF_HUB_OFFLINE else "the Hub cannot be reached"
        raise Incomplete(
            f"{source} is not in the local cache, and {why}",
            where=str(huggingface_hub.constants.HF_HUB_CACHE),
            fix="check the spelling and the network, or give a local folder",
        ) from error


def check_model_folder(folder: Path) -> dict[str, Any]:
    """The config of a full model's folder. Raises UserError for what must not or cannot be loaded."""
    if not exists(folder / "config.json"):
        raise UserError("no config.json in the model's folder", where=str(folder))
    config = read_json(folder / "config.json")
    if not any(not p.name.startswith("adapter_") for p in folder.glob("*.safetensors")):
        raise UserError(*_no_weights(folder), where=str(folder), fix=_CONVERT)
    index = folder / "model.safetensors.index.json"
    if exists(index):
        shards = sorted(set(dict(read_json(index).get("weight_map") or {}).values()))
        gone = [name for name in shards if not exists(folder / str(name))]
        if gone:
            raise UserError(
                f"{len(gone)} of {len(shards)} weight files are missing: {', '.join(gone[:5])}", where=str(index)
            )
    if str((config.get("architectures") or [""])[0]).endswith("ForSequenceClassification"):
        raise UserError("a model that scores texts and writes none", where=str(folder / "config.json"))
    if "auto_map" in config and not _built_in(str(config.get("model_type"))):
        raise UserError(
            f"this model needs code from its repository ({config.get('model_type')}), which is never run",
            where=str(folder / "config.json"),
            fix="use a model whose architecture transformers has, or measure its outputs with replay:FILE",
        )
    return config


def check_adapter_folder(folder: Path) -> dict[str, Any]:
    """The config of an adapter's folder. Raises UserError for pickles and for missing files."""
    if not exists(folder / "adapter_config.json"):
        raise UserError("no adapter_config.json in the adapter's folder", where=str(folder))
    config = read_json(folder / "adapter_config.json")
    if not isinstance(config.get("peft_type"), str):
        raise UserError("adapter_config.json has no 'peft_type'", where=str(folder / "adapter_config.json"))
    if config.get("alora_invocation_tokens"):
        raise UserError(
            "an activated LoRA (aLoRA): it acts only after the tokens that invoke it (alora_invocation_tokens), which "
            "no question has",
            where=str(folder / "adapter_config.json"),
            fix="measure it behind a server that knows aLoRA, or its outputs: replay:FILE",
        )
    if config["peft_type"].upper() == "LORA" and not isinstance(config.get("lora_alpha"), int | float):
        raise UserError(
            "adapter_config.json has no 'lora_alpha': how strong the adapter is nobody can know",
            where=str(folder / "adapter_config.json"),
            fix="write the lora_alpha that it was trained with; every library takes another where there is none",
        )
    if not exists(folder / "adapter_model.safetensors"):
        raise UserError(*_no_weights(folder), where=str(folder), fix=_CONVERT)
    return config


_CONVERT = "load it once where you trust it and save it again: model.save_pretrained(FOLDER) writes safetensors"


def _no_weights(folder: Path) -> tuple[str]:
    pickles = sorted(p.name for pattern in PICKLES for p in folder.glob(pattern))
    if pickles:
        return (f"pickle weights are not loaded; convert to safetensors (found {', '.join(pickles[:3])})",)
    return ("no safetensors weights in the folder",)


def _built_in(model_type: str) -> bool:
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    return model_type in CONFIG_MAPPING_NAMES


def _check_recorded(ref: ModelRef, found: str) -> None:
    if ref.weights_digest is not None and ref.weights_digest != found:
        raise UserError(
            f"the weights of {ref.candidate or display(ref.text)} are not those that were recorded",
            where=str(ref.adapter or ref.base),
            fix="train it again, or give the folder without its candidate.json",
        )


def check_same_base(ref: ModelRef, folder: Path, weights: str, adapter: Path) -> None:
    """Raises UserError naming both when the adapter was made on another base than it is put on.

    A recorded digest decides where there is one; then a base that is still there, by its bytes; then the names.
    """
    said = base_of_adapter(adapter)
    if ref.base_digest is not None:
        if ref.base_digest != weights:
            _other_base(ref, said or "a base", f"{ref.base_digest[:19]}…", f"{weights[:19]}…")
        return
    if not said or _names(ref.base, folder) & _names_of(said):
        return
    if quantised_base(adapter):
        # The very weights are a copy with fewer bits: the base that is given is taken for the one they were made from.
        if ref.base.kind == "hub" and unquantised(said) != unquantised(ref.base.name):
            _other_base(ref, said)
        return
    there = next((p for p in (Path(said), adapter / said) if exists(p) and p.is_dir()), None)
    if there is not None and exists(there / "config.json"):
        found = digests.weights_digest(there)
        if found == weights:
            return
        _other_base(ref, said, f"{found[:19]}…", f"{weights[:19]}…")
    # The recorded folder is gone: one of the same name is taken for the same, unless both are ids on the Hub.
    moved = there is None and not (ref.base.kind == "hub" and is_hub_id(said))
    if not moved or Path(said).name.lower() not in {folder.name.lower(), Path(ref.base.name).name.lower()}:
        _other_base(ref, said)


def _other_base(ref: ModelRef, said: str, theirs: str = "", ours: str = "") -> None:
    raise UserError(
        f"the adapter was made on {display(said)}{f' ({theirs})' if theirs else ''}"
        f", not on {display(str(ref.base))}{f' ({ours})' if ours else ''}",
        where=str(ref.adapter),
        fix="put it on its own base, or train it again on this one",
    )


def _names(source: Source, folder: Path) -> set[str]:
    """What a base may rightly be called by an adapter: its path, its Hub id."""
    names = {str(folder.resolve()), *_names_of(str(folder.resolve()))}
    if source.kind in ("nano", "hub"):
        names |= _names_of(source.name)
    return names - {""}


def _names_of(said: str) -> set[str]:
    """A recorded base in all its spellings: resolved path, Hub id, the Hub id of a cache folder, nano."""
    names = {said.lower() if not exists(said) else str(Path(said).resolve())}
    for part in Path(said).parts:
        if part.startswith("models--"):
            names.add("/".join(part.split("--")[1:]).lower())
    if said == "nano" or Path(said).parts[-2:] == NANO.parts[-2:]:
        names.add("nano")
    return names


def checkpoint_dtype(folder: Path, config: dict[str, Any]) -> str:
    """The dtype that a checkpoint was saved in, as torch spells it: config first, else the first float weight."""
    text = config.get("text_config") if isinstance(config.get("text_config"), dict) else {}
    for holder in (config, text or {}):
        named = holder.get("dtype") or holder.get("torch_dtype")
        if isinstance(named, str) and named.removeprefix("torch.") in DTYPES.values():
            return named.removeprefix("torch.")
    for path in sorted(folder.glob("*.safetensors")):
        for entry in safetensors_header(path).values():
            if isinstance(entry, dict) and entry.get("dtype") in DTYPES:
                return DTYPES[str(entry["dtype"])]
    return "float32"


def saved_rows(adapter: Path, config: Mapping[str, Any]) -> int | None:
    """Rows of the embedding that an adapter was saved with, whose vocabulary was resized; None where it has none."""
    text = config.get("text_config")
    width = {c.get("hidden_size") or c.get("n_embd") for c in (config, text) if isinstance(c, dict)}
    header = safetensors_header(adapter / "adapter_model.safetensors")
    shapes = [entry["shape"] for key, entry in header.items() if _EMBEDDING.search(key) and key.endswith(".weight")]
    return max((rows for rows, columns in shapes if columns in width), default=None)


_EMBEDDING = re.compile(
    r"\.(embed_tokens|wte|embed_in|embed_out|word_embeddings|tok_embeddings|lm_head)"
    r"(\.(base_layer|modules_to_save|original_module|token_adapter))*\.(weight|trainable_tokens_delta)$"
)


def wraps_embedding(key: str) -> bool:
    """Whether a weight's name is that of a part of what PEFT wraps around an embedding."""
    found = _EMBEDDING.search(key)
    return found is not None and found[2] is not None


def trained_tokens(config: Mapping[str, Any]) -> list[int]:
    """Ids of the tokens whose rows an adapter trained (`trainable_token_indices`)."""
    named = config.get("trainable_token_indices") or config.get("token_indices")
    lists = named.values() if isinstance(named, dict) else [named or []]
    return sorted({int(i) for one in lists for i in one})


def safetensors_header(path: Path) -> dict[str, Any]:
    """Names, dtypes and shapes in a safetensors file. Raises UserError for a broken one."""
    try:
        with path.open("rb") as file:
            (size,) = struct.unpack("<Q", file.read(8))
            if size > 100_000_000:
                raise ValueError(f"a header of {size} bytes")
            header = json.loads(file.read(size))
    except (OSError, ValueError, struct.error) as error:
        raise UserError(f"not a safetensors file: {path.name}", where=str(path), fix="copy or save it again") from error
    if not isinstance(header, dict):
        raise UserError(f"not a safetensors file: {path.name}", where=str(path), fix="copy or save it again")
    return header
