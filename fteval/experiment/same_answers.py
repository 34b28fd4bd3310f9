"""A candidate that answers as the base does, to the letter: the wish for a merged model, a riddle for another one."""

from __future__ import annotations

from pathlib import Path

from fteval.records import RunRecord
from fteval.releases.baseline import outputs


def same_answers(base: RunRecord, run: RunRecord) -> str | None:
    """What a report says of it at its top; None where an answer differs, or where nobody can compare them.

    Accepted scores hold no answers, and of one model nobody expects others.
    """
    if not all((Path(side.path) / "generations.jsonl").is_file() for side in (base, run)) or base.digest == run.digest:
        return None
    old, new = (outputs(side, likelihoods=True) for side in (base, run))
    if not new or old != new:
        return None
    n = sum(map(len, new.values()))
    text = f"answers every sample exactly like the base: {n:,} of {n:,} answers are the same to the letter"
    if (run.manifest["plan"].get("engine") or {}).get("adapter"):
        return f"{text}. Its adapter does change the logits (checked when it was loaded): not enough to change a word"
    return f"{text}. Of a merged or quantised model that is the wish; of another, see that it is the one you mean"
