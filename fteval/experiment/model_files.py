"""The files that a measured model is made of, with their bytes' digests, for who must prove what was measured."""

from __future__ import annotations

from pathlib import Path

from fteval.engines.local import digests
from fteval.engines.local.folders import fetch
from fteval.engines.refs import Source, parse
from fteval.errors import UserError
from fteval.experiment import stale
from fteval.records import RunRecord
from fteval.runs.journal.store import Store


def model_files(run: RunRecord, store: Path) -> dict[str, str]:
    """File -> hex SHA-256, of the adapter where there is one, else of the weights.

    Nothing for a model that lies elsewhere, is gone, or has other bytes now than the run measured.
    """
    kept = Store(store, readonly=True)
    try:
        model = parse(run.ref, kept.candidates_dir)
    except UserError:
        return {}
    source = model.adapter or model.base
    if source.kind not in stale.HERE or stale.other_bytes(kept, run) is not None:
        return {}
    return {path.name: digests.file_digest(path) for path in _files(source, adapter=model.adapter is not None)}


def _files(source: Source, *, adapter: bool) -> list[Path]:
    folder = fetch(source, offline=True)
    if adapter:
        return [path for path in sorted(folder.glob("adapter_*")) if path.suffix in (".safetensors", ".json")]
    return digests.weight_files(folder)
