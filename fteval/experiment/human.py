"""Hold-outs stay as people wrote them: nothing is made of their rows, and a made row in one is said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fteval.data.amplify.rows import Source
from fteval.data.check.alike import shared
from fteval.errors import UserError
from fteval.experiment.holdout_rows import Holdouts


def check_apart(file: Path, rows: Sequence[Source], held: Holdouts) -> None:
    """Raises UserError where the file is a hold-out, or where prompts of a hold-out stand in it."""
    if held.is_one(file):
        raise UserError(
            "this is a hold-out, which stays as people wrote it",
            where=str(file),
            fix="make rows of training data; where there is none yet: fteval data split, then of its train.jsonl",
        )
    given = [one.row for one in rows]
    for name, asked in held.rows.items():
        if found := shared(asked, given):
            first = next(iter(found.values()))
            raise UserError(
                f"{len(found):,} of {len(asked):,} prompts of {name} stand in these rows: what is made of them leaks",
                where=given[first.other].where,
                fix="`fteval data check` names them; `fteval data split` parts rows so that nothing leaks",
            )
