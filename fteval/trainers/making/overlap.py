"""Which hold-out prompts were trained on, word for word or nearly: case, spacing and Unicode form do not count.

Near-duplicates and answers that leak are another matter (`fteval data check`); this is the cheap look before a verdict.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fteval.errors import UserError
from fteval.records import Message, Sample, canonical

FILE = "training_prompts.txt"


def prompt_digest(messages: Iterable[Message]) -> str:
    """sha256 of a normalised conversation without its system turns: they say how to answer, not what is asked."""
    turns = [[m.role, _normalised(m.content)] for m in messages if m.role != "system"]
    return hashlib.sha256(canonical(turns)).hexdigest()


def write_prompts(rows: Sequence[Mapping[str, Any]], base: Path | None, place: Path) -> None:
    """Writes `training_prompts.txt` for rows with a `prompt`: one digest a line, sorted, each once.

    A base that was itself trained here brings what it has seen; `base` is its folder.
    """
    digests = {prompt_digest(Message(turn["role"], turn["content"]) for turn in row["prompt"]) for row in rows}
    if base is not None and (base / FILE).exists():
        digests |= set((base / FILE).read_text(encoding="ascii").split())
    (place / FILE).write_text("".join(f"{digest}\n" for digest in sorted(digests)), encoding="ascii")


def overlap(candidate_folder: Path, samples: Iterable[Sample]) -> list[str]:
    """Ids of the samples whose prompt a candidate was trained on, in their order.

    Raises UserError when the candidate does not say what it was trained on.
    """
    path = candidate_folder / FILE
    try:
        trained = set(path.read_text(encoding="ascii").split())
    except OSError as error:
        raise UserError(f"the training prompts cannot be read: {error.strerror}", where=str(path)) from None
    return [sample.id for sample in samples if prompt_digest(sample.messages) in trained]


def _normalised(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
