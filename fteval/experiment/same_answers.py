"""A candidate that answers as the base does, to the letter: the wish for a merged model, a riddle for another one."""

from __future__ import annotations

from pathlib import Path

from fteval.records import RunRecord
from fteval.releases.baseline import outputs
from fteval.runs.journal.run import kept_run
from fteval.runs.reading import index


def same_answers(base: RunRecord, run: RunRecord) -> str | None:
    """What a report says of it at its top; None where an answer differs, or where nobody can compare them.

    Accepted scores hold no answers, and of one model nobody expects others.
    """
    if not all((Path(side.path) / "generations.jsonl").is_file() for side in (base, run)) or base.digest == run.digest:
        return None
    n = _alike_in_step(base, run) if _in_step(base, run) else _alike(base, run)
    if not n:
        return None
    text = f"answers every sample exactly like the base: {n:,} of {n:,} answers are the same to the letter"
    if (run.manifest["plan"].get("engine") or {}).get("adapter"):
        return f"{text}. Its adapter does change the logits (checked when it was loaded): not enough to change a word"
    return f"{text}. Of a merged or quantised model that is the wish; of another, see that it is the one you mean"


def _alike(base: RunRecord, run: RunRecord) -> int:
    """How many answers there are where all are the same; 0 where one is not."""
    old, new = (outputs(side, likelihoods=True) for side in (base, run))
    return sum(map(len, new.values())) if old == new else 0


def _in_step(base: RunRecord, run: RunRecord) -> bool:
    """Whether both were asked the same, all of it, in one order: then answers can be held against each other one by
    one, up to the first that differs."""
    whole = all(probe.stopped_of is None for side in (base, run) for probe in side.probes)
    asked = [[(probe.probe, probe.sample_ids) for probe in side.probes] for side in (base, run)]
    return whole and asked[0] == asked[1]


def _alike_in_step(base: RunRecord, run: RunRecord) -> int:
    kept, n = [kept_run(Path(side.path)) for side in (base, run)], 0
    for probe in base.probes:
        places = range(len(probe.sample_ids))
        for old, new in zip(*(index.rows_of(one, probe.probe, places) for one in kept), strict=True):
            texts = _texts(new)
            if _texts(old) != texts:
                return 0
            n += len(texts)
    return n


def _texts(row: index.Rows) -> list[tuple[str, object]]:
    """The answers to a sample that there are."""
    return [(a["text"], a.get("likelihoods")) for a in row.answers if a is not None and a["status"] == "ok"]
