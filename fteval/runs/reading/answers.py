"""The answers of a run as its journals have them, each with what was judged of it and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from fteval.records import Answer, RunRecord, Sample
from fteval.runs.journal import lines, rows

Place = tuple[str, str]
"""(probe, sample id)"""
WEIGHED = "texts were weighed, none was written"
NOT_ASKED = "not answered: the run ended before it"


def answers(run: RunRecord, places: Collection[Place]) -> dict[Place, tuple[Sample, Answer]]:
    """These samples as they were asked, and their answers with the scores of the record.

    A reason is left out where the journal was judged anew and says another score than the record. Raises Incomplete for
    a damaged line.
    """
    path = Path(run.path)
    asked = {(row["probe"], row["id"]): row for row in rows.samples_among(path / "samples.jsonl", places)}
    said = _said(path / "generations.jsonl", {key for row in asked.values() for key in row["keys"]})
    judged = _judged(path / "scores.jsonl", places)
    scores = _scores(run, places)
    found = {}
    for place, row in asked.items():
        sample = rows.to_sample(row)
        outputs = [said.get(key) for key in row["keys"]]
        found[place] = sample, _answer(sample, outputs, judged.get(place, {}), scores.get(place, {}))
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


def _said(path: Path, keys: Collection[str]) -> dict[str, Mapping[str, Any]]:
    """What was said for each key: the first answer, and a failure only where there is none."""
    wanted = {key.encode() for key in keys}
    found: dict[str, Mapping[str, Any]] = {}
    for line in lines.checked(path):
        if line.data[rows.KEY] in wanted:
            row = lines.parse(line.data)
            if row["key"] not in found or found[row["key"]]["status"] != "ok":
                found[row["key"]] = row
    return found


def _judged(path: Path, places: Collection[Place]) -> dict[Place, Mapping[str, Any]]:
    """The last judgement of each first answer: later lines replace earlier ones."""
    return {(row["probe"], row["sample"]): row for row in rows.judgements_among(path, places) if not row.get("repeat")}


def _scores(run: RunRecord, places: Collection[Place]) -> dict[Place, dict[str, float | None]]:
    return {
        (probe.probe, i): {name: column[at] for name, column in probe.scores.items()}
        for probe in run.probes
        for at, i in enumerate(probe.sample_ids)
        if (probe.probe, i) in places
    }
