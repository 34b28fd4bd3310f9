"""Hold-outs and outputs from JSON lines (DESIGN 5.2): the chat fine-tuning format is a valid hold-out as it stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fteval.data.convert.mended import mended
from fteval.data.hints import convert_line
from fteval.data.jsonl import Problems, rows
from fteval.records import Sample, sample_from_row
from fteval.records.columns import Rows


def iter_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number, object) one after the other, memory flat.

    Raises UserError with every line that is no object, after the last good one was given.
    """
    problems = Problems(path)
    yield from rows(path, problems)
    problems.check()


def read_samples(path: Path, tools: bool = False) -> list[Sample]:
    """A hold-out, as `each_sample` reads it."""
    return list(each_sample(path, tools))


def each_sample(path: Path, tools: bool = False) -> Iterator[Sample]:
    """The samples of a hold-out, one after the other.

    A row without an id gets a hash of its content as one, so that order and file name do not count. Raises UserError,
    after the last good one, with everything that is wrong: broken lines, rows without a prompt, ids that come twice
    (with both lines; rows without an id that say the same have the same). `tools` as in `sample_from_row`.
    """
    problems = Problems(path)
    first = Rows()
    for number, row in rows(path, problems):
        try:
            sample = sample_from_row(row, tools)
        except ValueError as error:
            problems.add(number, str(error), mended(path, row))
            continue
        earlier = first.add(sample.id, number)
        if earlier is None:
            yield sample
        else:
            problems.add(number, _twice(row, sample, earlier, number), convert_line(path, "--unique"))
    problems.check()


def _twice(row: dict[str, Any], sample: Sample, earlier: int, number: int) -> str:
    if row.get("id") is None:
        return f"the same row twice, lines {earlier} and {number}: leave one out, or give them different ids"
    return f"id {sample.id!r} twice, lines {earlier} and {number}: results are paired by id"
