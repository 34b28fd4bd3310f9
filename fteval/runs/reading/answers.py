"""The answers of a run as its journals have them, each with what was judged of it and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from fteval.records import Answer, RunRecord, Sample
from fteval.records.columns import places_of
from fteval.runs.journal import rows
from fteval.runs.journal.run import kept_run
from fteval.runs.reading import index

Place = tuple[str, str]
"""(probe, sample id)"""
WEIGHED = "texts were weighed, none was written"
NOT_ASKED = "not answered: the run ended before it"


def answers(run: RunRecord, places: Collection[Place]) -> dict[Place, tuple[Sample, Answer]]:
    """These samples as they were asked, and their answers with the scores of the record.

    A reason is left out where the journal was judged anew and says another score than the record. Raises Incomplete for
    a damaged line.
    """
    kept, found = kept_run(Path(run.path)), {}
    for probe in run.probes:
        at = places_of(probe.sample_ids, {sample for name, sample in places if name == probe.probe})
        for (i, place), row in zip(at.items(), index.rows_of(kept, probe.probe, at.values()), strict=True):
            sample = rows.to_sample(row.sample)
            scores = {name: column[place] for name, column in probe.scores.items()}
            found[probe.probe, i] = sample, _answer(sample, row.answers, row.first or {}, scores)
    return found


def _answer(
    sample: Sample,
    outputs: list[Mapping[str, Any] | None],
    judged: Mapping[str, Any],
    scores: Mapping[str, float | None],
) -> Answer:
    text, missing = _text(sample, outputs[0] if outputs else None)
    first = outputs[0] or {} if outputs else {}
    values = judged.get("values", {})
    kept = {
        m: why for m, why in judged.get("reasons", {}).items() if len(outputs) > 1 or values.get(m) == scores.get(m)
    }
    return Answer(
        text=text,
        scores=scores,
        missing=missing,
        extracted=judged.get("answer"),
        reasons={**kept, **({"": judged["error"]} if "error" in judged else {})},
        cut_off=first.get("finish_reason") == "length",
        refuses=first.get("finish_reason") == "refusal",
        more=tuple(_text(sample, output)[0] or "" for output in outputs[1:]),
    )


def _text(sample: Sample, output: Mapping[str, Any] | None) -> tuple[str | None, str | None]:
    """The text, or why there is none."""
    if output is None:
        return None, NOT_ASKED
    if output["status"] != "ok":
        return None, f"failed: {output['failure']['kind']}: {output['failure']['message']}"
    return (None, WEIGHED) if sample.continuations else (output["text"] or "", None)
