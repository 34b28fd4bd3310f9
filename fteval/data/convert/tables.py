"""Tables of text: CSV with any delimiter, whose first line names the columns."""

from __future__ import annotations

import csv
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from fteval.data.jsonl import LONGEST, Problems
from fteval.errors import UserError

TAB = "\t"
_DELIMITERS = f",{TAB};|"
_LOOKED_AT = 20


def likely_delimiter(head: str) -> str | None:
    """The delimiter that gives the first rows the same number of columns, two or more; None where none does."""
    best, most = None, 1
    for delimiter in _DELIMITERS:
        widths = [len(row) for row in _first_rows(head, delimiter)]
        if widths and min(widths) == max(widths) > most:
            best, most = delimiter, widths[0]
    if best is None:  # a row that is broken is for its reader to say
        header = head.lstrip("\ufeff").split("\n", 1)[0]
        counts = {delimiter: len(next(csv.reader([header], delimiter=delimiter), [])) for delimiter in _DELIMITERS}
        best = max(counts, key=lambda d: counts[d])
        return best if counts[best] > 1 and _plain_header(header, best) else None
    return best


def _plain_header(header: str, delimiter: str) -> bool:
    """Names of columns are short words, which prose is not."""
    names = next(csv.reader([header], delimiter=delimiter), [])
    return all(name.strip() and len(name.split()) <= 3 for name in names)


def _first_rows(head: str, delimiter: str) -> list[list[str]]:
    lines = head.lstrip("\ufeff").splitlines(keepends=True)
    try:
        rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
    except csv.Error:
        return []
    whole = rows[:-1] if len(head) >= 1 << 15 and len(rows) > 1 else rows  # the last may be cut
    return whole[:_LOOKED_AT]


def table_rows(
    path: Path, text: TextIO, head: str, delimiter: str | None, problems: Problems
) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line, {column: cell}); a row with too many or too few cells is a problem. Raises UserError for no table."""
    delimiter = {"tab": TAB, "\\t": TAB}.get(delimiter or "", delimiter) or likely_delimiter(head) or ","
    if len(delimiter) != 1:
        raise UserError(f"--delimiter is one character, found {delimiter!r}", fix="--delimiter ';', or tab")
    csv.field_size_limit(LONGEST)
    reader = csv.reader(text, delimiter=delimiter)
    names = [name.strip().lstrip("\ufeff") for name in next(reader, [])]
    if len(set(names)) < len(names) or not all(names):
        raise UserError(f"columns without a name of their own: {', '.join(map(repr, names))[:200]}", where=f"{path}:1")
    if len(names) == 1 and names[0].lower() not in ("text", "prompt", "messages", "conversations"):
        looks = likely_delimiter(head)
        named = looks if looks not in (None, delimiter) else ":"
        fix = f"name what parts its cells: --delimiter {shlex.quote('tab' if named == TAB else str(named))}"
        raise UserError(f"one column alone, {names[0][:60]!r}: is this its delimiter?", where=f"{path}:1", fix=fix)
    yield from _rows(reader, names, problems)


def _rows(reader: Any, names: list[str], problems: Problems) -> Iterator[tuple[int, dict[str, Any]]]:
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problems.add(number, f"no row of a table: {error}")
            continue
        if not cells or not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(names):
            problems.add(number, f"{len(cells)} cells, the first line names {len(names)} columns")
            continue
        if _json_line(cells):
            problems.add(number, "a line of JSON in a table: two forms in one file", "put each into a file of its own")
            continue
        yield number, {name: cell for name, cell in zip(names, cells, strict=True) if cell}


def _json_line(cells: list[str]) -> bool:
    """Whether a line is an object of JSON that commas have parted: a cell that holds a whole one is a cell."""
    return len(cells) > 1 and cells[0].startswith(('{"', "{'")) and cells[-1].endswith("}") and "}" not in cells[0]
