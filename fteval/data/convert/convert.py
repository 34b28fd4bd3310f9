"""A file of any form as a file of another, row by row, with a count of everything that did not get through."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from fteval.data.convert.edit import Edits
from fteval.data.convert.forms import Example, Keys, example
from fteval.data.convert.outputs import FORMS
from fteval.data.convert.parquet import write_parquet
from fteval.data.convert.sources import Reading, objects
from fteval.data.jsonl import Problems
from fteval.data.write import write_lines
from fteval.errors import UserError
from fteval.records.digests import digest
from fteval.records.foreign import listed, output_rows

OUTPUTS = "outputs"
"""What a model answered elsewhere, for `replay:` and `fteval score`."""
ENDINGS = (".jsonl", ".json", ".csv", ".tsv", ".parquet")


@dataclass(frozen=True, slots=True)
class Wanted:
    """How rows are read, changed and written."""

    form: str = "chat"
    keys: Keys = field(default_factory=Keys)
    reading: Reading = field(default_factory=Reading)
    edits: Edits = field(default_factory=Edits)
    unique: bool = False
    """Rows that say the same are written once, and an id that is taken becomes a new one."""


@dataclass(slots=True)
class Tally:
    """What became of the rows of a file."""

    written: int = 0
    prompts: int = 0
    """Of these without an answer."""
    left_out: int = 0
    """By a filter."""
    changed: int = 0
    """By a replacement or a scramble."""
    again: int = 0
    """Said already by an earlier row."""
    notes: Counter[str] = field(default_factory=Counter)


def convert(path: Path, out: Path, wanted: Wanted, problems: Problems) -> Tally:
    """Writes `out` and counts; rows that cannot be converted are in `problems`, with their lines.

    Raises UserError before anything is written where the file cannot be read, and where no row gets through; a file
    that was not finished does not stay.
    """
    if out.suffix.lower() not in ENDINGS:
        raise UserError(f"-o {out}: the ending says the format: {', '.join(ENDINGS)}")
    tally = Tally()
    rows = converted(path, wanted, problems, tally)
    first = list(islice(rows, 1))
    if not first:
        problems.check()
        why = f"a filter left all {tally.left_out} out" if tally.left_out else "no rows"
        raise UserError(f"{why}: nothing to write", where=str(path))
    half = out.with_name(f".{out.name}.part")
    try:
        _write(half, out.suffix.lower(), _chained(first, rows))
        os.replace(half, out)
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror}", where=str(out)) from None
    finally:
        half.unlink(missing_ok=True)
    return tally


def _chained(first: list[dict[str, Any]], rest: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield from first
    yield from rest


def converted(path: Path, wanted: Wanted, problems: Problems, tally: Tally) -> Iterator[dict[str, Any]]:
    """The rows as they are written, one after the other."""
    yield from converted_rows(objects(path, problems, wanted.reading), wanted, problems, tally)


def converted_rows(
    numbered: Iterator[tuple[int, dict[str, Any]]], wanted: Wanted, problems: Problems, tally: Tally
) -> Iterator[dict[str, Any]]:
    """The same of rows that were read already, with their numbers."""
    seen: set[str] = set()
    ids: set[str] = set()
    for number, row in _answered(numbered) if wanted.form == OUTPUTS else numbered:
        try:
            one = _read(row, wanted)
            edited = wanted.edits.apply(one, number)
            if edited is None:
                tally.left_out += 1
                continue
            made = _made(edited, wanted)
            json.dumps(made, allow_nan=False)
        except ValueError as error:
            problems.add(number, str(error))
            continue
        except TypeError:
            problems.add(number, "a value that JSON has no word for")
            continue
        if wanted.unique and not _new(edited, made, seen, ids):
            tally.again += 1
            continue
        tally.written += 1
        tally.prompts += edited.answer is None and edited.text is None and wanted.form != OUTPUTS
        tally.changed += edited != one
        tally.notes.update(one.notes)
        yield made


def _answered(found: Iterator[tuple[int, dict[str, Any]]]) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    """The rows of outputs among what a file holds, and what is wrong with the others."""
    every = ((number, one) for number, row in found for one in listed(row) or [row])
    return output_rows(every, guess=True)


def _read(row: Mapping[str, Any] | str, wanted: Wanted) -> Example:
    if isinstance(row, str):
        raise ValueError(row)
    if wanted.form != OUTPUTS:
        return example(row, wanted.keys)
    answer = row.get("output")
    return Example(answer=answer, more={k: value for k, value in row.items() if k != "output" or answer is None})


def _made(one: Example, wanted: Wanted) -> dict[str, Any]:
    if wanted.form != OUTPUTS:
        return FORMS[wanted.form](one)
    return {**one.more, **({} if one.answer is None else {"output": one.answer})}


def _new(one: Example, made: dict[str, Any], seen: set[str], ids: set[str]) -> bool:
    said = digest([list(one.turns), one.answer, one.rejected, one.text])
    if said in seen:
        return False
    seen.add(said)
    if made.get("id") is not None:
        given, n = str(made["id"]), 1
        while (name := given if n == 1 else f"{given}-{n}") in ids:
            n += 1
        ids.add(name)
        made["id"] = name
    return True


def _write(path: Path, ending: str, rows: Iterable[Mapping[str, Any]]) -> None:
    if ending == ".parquet":
        write_parquet(path, rows)
    elif ending in (".csv", ".tsv"):
        _write_table(path, rows, "\t" if ending == ".tsv" else ",")
    elif ending == ".json":
        with path.open("w", encoding="utf-8") as file:
            for at, row in enumerate(rows):
                file.write(("[\n" if at == 0 else ",\n") + json.dumps(row, ensure_ascii=False))
            file.write("\n]\n")
    else:
        write_lines(path, rows)


def _write_table(path: Path, rows: Iterable[Mapping[str, Any]], delimiter: str) -> None:
    """Columns are those of the first row; another one's further keys are an error, nothing is lost in silence."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = None
        for number, row in enumerate(rows, 1):
            cells = {k: v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for k, v in row.items()}
            if writer is None:
                writer = csv.DictWriter(file, list(cells), delimiter=delimiter)
                writer.writeheader()
            try:
                writer.writerow(cells)
            except ValueError as error:
                fix = "write .jsonl, whose rows may differ"
                raise UserError(f"row {number} has columns that the first has not: {error}", fix=fix) from None
