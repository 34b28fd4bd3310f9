"""Outputs made elsewhere, judged by one probe: a row says what was asked and answered, and what the probe needs."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fteval.data.convert.mended import mended_question
from fteval.data.read import iter_rows
from fteval.errors import NothingToEvaluate, UserError
from fteval.experiment.processes import ordered
from fteval.records import ComparingProbe, FittedProbe, Generation, Probe, Sample, Scores, offers_tools, sample_from_row
from fteval.records.foreign import outputs_line
from fteval.records.reasoning import unanswered
from fteval.runs.asking.scoring import no_answer

Rows = Path | Sequence[Mapping[str, Any]]
"""A file of JSON lines, or its rows."""


def fitted(probe: Probe, rows: Rows) -> Probe:
    """The probe for these rows: where it needs all targets or all answers, they are read for that."""
    if isinstance(probe, FittedProbe):
        probe = probe.for_samples([row.sample for row in answered(rows)])
    if isinstance(probe, ComparingProbe):
        probe = probe.beside([(row.sample, one.text or "") for row in answered(rows) for one in row.generations])
    return probe


Read = Callable[[Sample, Generation], Generation]
"""The output with what a reference or a judge says of it."""


def score_rows(rows: Rows, probe: Probe, read: Read | None = None) -> Iterator[dict[str, Any]]:
    """{"id", "scores", "answer", "reasons"} for each row, in order; a file's memory stays flat.

    Raises UserError for the first row that cannot be judged, and when there is none.
    """
    n = 0
    tools = offers_tools(probe)

    def scored(numbered: tuple[int, Mapping[str, Any]]) -> dict[str, Any]:
        row = _answered(rows, *numbered, tools)
        given = row.generations if read is None else [read(row.sample, one) for one in row.generations]
        return _combined(row.sample.id, [_judge(probe, row.sample, one, row.where) for one in given])

    # What reads may hold a model, which stays in this process.
    for line in ordered(scored, _numbered(rows)) if read is None else map(scored, _numbered(rows)):
        n += 1
        yield line
    if not n:
        what = rows if isinstance(rows, Path) else "the list"
        raise NothingToEvaluate(f"{what} holds no rows", fix="each row has 'prompt' or 'messages', and 'output'")


def _numbered(rows: Rows) -> Iterator[tuple[int, Mapping[str, Any]]]:
    return iter_rows(rows) if isinstance(rows, Path) else enumerate(rows, 1)


@dataclass(frozen=True, slots=True)
class Answered:
    """One row: what was asked and what was answered."""

    where: str
    sample: Sample
    generations: tuple[Generation, ...]


def answered(rows: Rows, tools: bool = False) -> Iterator[Answered]:
    """The rows, read, with `tools` where these are offered. Raises UserError for the first without sample or output."""
    for number, row in _numbered(rows):
        yield _answered(rows, number, row, tools)


def _answered(rows: Rows, number: int, row: Mapping[str, Any], tools: bool) -> Answered:
    where = f"{rows}:{number}" if isinstance(rows, Path) else f"row {number}"
    try:
        sample = sample_from_row(_without_answer(row), tools)
    except ValueError as error:
        fix = mended_question(rows, row) if isinstance(rows, Path) else None
        raise UserError(str(error), where=where, fix=fix) from None
    texts = row.get("outputs", [row.get("output")]) if "output" in row or "outputs" in row else None
    if not isinstance(texts, list) or not texts or not all(isinstance(t, str) for t in texts):
        fix = outputs_line(rows, row) or _asked_line(rows) if isinstance(rows, Path) else None
        raise UserError("a row needs 'output' (text) or 'outputs' (a list of texts)", where=where, fix=fix)
    finish = row.get("finish_reason")
    if finish not in (None, "stop", "length"):
        raise UserError(f"'finish_reason' is 'stop' or 'length', found {finish!r}", where=where)
    made = (Generation(sample.id, repeat=i, text=t, finish_reason=finish) for i, t in enumerate(texts))
    return Answered(where, sample, tuple(made))


def _asked_line(path: Path) -> str:
    """How a file that asks and has no answers of a model gets some, and is judged at once."""
    line = shlex.join(["fteval", "run", "--model", "nano", "--holdout", str(path)])
    return f"no model has answered here yet; to have one do so and be judged: {line}"


def _without_answer(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in ("output", "outputs", "finish_reason")}


def _judge(probe: Probe, sample: Sample, generation: Generation, where: str) -> Scores:
    try:
        return no_answer(probe.metrics) if unanswered(generation) else probe.score(sample, generation)
    except UserError as error:
        raise UserError(error.what, where=error.where or where, fix=error.fix) from None


def _combined(sample_id: str, judged: list[Scores]) -> dict[str, Any]:
    """One answer's scores as they are; of several the mean over those that could be judged."""
    if len(judged) == 1:
        one = judged[0]
        return {"id": sample_id, "scores": dict(one.values), "answer": one.answer, "reasons": dict(one.reasons)}
    scores: dict[str, float | None] = {}
    for metric in judged[0].values:
        values = [value for s in judged if (value := s.values.get(metric)) is not None]
        scores[metric] = sum(values) / len(values) if values else None
    reasons = {metric: reason for s in reversed(judged) for metric, reason in s.reasons.items()}
    return {"id": sample_id, "scores": scores, "answer": [s.answer for s in judged], "reasons": reasons}
