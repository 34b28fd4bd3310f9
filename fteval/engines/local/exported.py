"""What a folder says of itself where it is an export: of which candidate, and how it was made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fteval.engines.refs import exists, read_json
from fteval.errors import UserError

RECORD = "export.json"
SCHEMA = 1


def export_of(folder: Path, weights: str) -> dict[str, Any] | None:
    """Who a model is an export of (`ref`, `weights`, `how`), as its folder says; None for what is no export.

    Raises UserError where the folder's record is of other weights: it would claim a proof that is not theirs.
    """
    file = folder / RECORD
    if not exists(file):
        return None
    record = read_json(file)
    parent = record.get("parent")
    if record.get("schema") != SCHEMA or not isinstance(parent, dict):
        raise UserError("not the record of an export that this version reads", where=str(file), fix="update fteval")
    if record.get("weights_digest") != weights:
        raise UserError(
            "these are not the weights that were exported and proved",
            where=str(file),
            fix="export again; or delete export.json, if they are meant to be others",
        )
    return {"ref": str(parent.get("ref")), "weights": parent.get("weights"), "how": str(record.get("how"))}
