"""What a training starts from: one full model, by its bytes, and a ref that will still name it tomorrow."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from fteval.engines import refs
from fteval.engines.local import digests
from fteval.engines.local.folders import Located, locate
from fteval.errors import UserError


@dataclass(frozen=True, slots=True)
class Base:
    """A full model in a folder of this machine."""

    located: Located
    ref: str
    """How the record names it: `nano`, a candidate's id, `hf:` with its commit, or an absolute path."""
    label: str
    """Short, for the candidate's id."""
    template: str | None = None
    """The recipe's, by which it is asked where it has none of its own."""

    @property
    def size(self) -> int:
        """Bytes of the weights."""
        return sum(path.stat().st_size for path in digests.weight_files(self.located.folder))


def find_base(text: str, candidates_dir: Path, *, offline: bool = False) -> Base:
    """The model that `text` names. Raises UserError for adapters, outputs, and folders that cannot be loaded."""
    ref = refs.parse(text, candidates_dir)
    if ref.adapter is not None:
        raise UserError(
            f"a training starts from a full model, {refs.display(text)} is an adapter",
            where=str(ref.adapter),
            fix=f"train on its base ({ref.base}), or merge the adapter into it and save a full model",
        )
    if ref.base.kind == "scheme":
        raise UserError(f"a training needs weights, and {refs.display(text)} names none", fix="nano, hf:… or a folder")
    located = locate(ref, offline=offline)
    if ref.candidate:
        return Base(located, ref.candidate, ref.candidate.split(":")[-2] if ref.candidate.count(":") else ref.candidate)
    if ref.base.kind != "hub":
        return Base(located, ref.base.name, Path(ref.base.name).name)
    # The Hub's cache names the folder of a snapshot after its commit.
    commit = located.folder.name if re.fullmatch(r"[0-9a-f]{40}", located.folder.name) else ref.base.revision
    return Base(located, f"hf:{ref.base.name}" + (f"@{commit}" if commit else ""), ref.base.name.rpartition("/")[2])


def check_unchanged(base: Base) -> None:
    """Raises UserError when the base's files are not those any more whose digest is recorded."""
    if digests.weights_digest(base.located.folder) != base.located.weights:
        raise UserError(
            "the base was saved over while it was being loaded",
            where=str(base.located.folder),
            fix="run the same command again when nothing writes there",
        )
