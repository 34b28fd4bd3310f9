"""Rows as Python has them: a list of dicts, a frame of pandas or polars, a table of Arrow, a `datasets.Dataset`.

What they are is told by what they can do: none of these libraries is imported. A cell without a value (None, NaN, NA,
NaT) is a key that is not there, as in a file.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, time
from typing import Any

from fteval.errors import UserError

ABSENT = ("NAType", "NaTType")
"""What pandas calls a cell without a value, beside None and NaN."""


def is_rows(given: Any) -> bool:
    """Whether these are rows, and not the names of files."""
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        return hasattr(given, "to_pylist") or _is_lazy(given)
    return not isinstance(given, list | tuple) or (bool(given) and all(isinstance(row, Mapping) for row in given))


def rows_of(given: Any) -> list[dict[str, Any]]:
    """The rows, as JSON has them. Raises UserError for what is no row, and for a value that JSON has no word for."""
    return [_row(row, number) for number, row in enumerate(_given_rows(given), 1)]


def _given_rows(given: Any) -> Iterator[Any]:
    if _is_lazy(given):
        given = given.collect()
    columns = getattr(given, "columns", None)
    if hasattr(given, "to_pylist"):
        yield from given.to_pylist()  # Arrow
    elif columns is not None and hasattr(given, "iter_rows"):
        yield from given.iter_rows(named=True)  # polars
    elif columns is not None and hasattr(given, "to_dict"):
        names = list(columns)
        if len(set(names)) < len(names):
            twice = sorted({str(name) for name in names if names.count(name) > 1})
            raise UserError(f"columns with one name: {', '.join(twice)}", fix="rename one of them")
        yield from given.to_dict("records")  # pandas
    else:
        yield from given


def _is_lazy(given: Any) -> bool:
    """Whether this is a LazyFrame of polars."""
    return hasattr(given, "collect") and hasattr(given, "collect_schema") and not hasattr(given, "iter_rows")


def _row(row: Any, number: int) -> dict[str, Any]:
    if not isinstance(row, Mapping):
        raise UserError(f"row {number} is {type(row).__name__}, wanted an object with 'prompt' or 'messages'")
    found: dict[str, Any] = {}
    for key, cell in row.items():
        try:
            value = _value(cell)
        except ValueError as error:
            raise UserError(f"row {number}: {str(key)!r} {error}", fix="leave it out, or make it text") from None
        if isinstance(value, dict) and key == "slices":
            value = {k: v for k, v in value.items() if v is not None}  # Arrow has every key in every row
        if value is not None:
            found[str(key)] = value
    return found


def _value(cell: Any) -> Any:
    """A cell as JSON, None where there is none. Raises ValueError saying what it holds."""
    if cell is None or type(cell).__name__ in ABSENT:
        return None
    if isinstance(cell, str):
        return str(cell)
    if isinstance(cell, bool | int | float):
        return _number(cell)
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, Mapping):
        return {str(key): _value(inner) for key, inner in cell.items()}
    if isinstance(cell, list | tuple):
        return [_value(one) for one in cell]
    if hasattr(cell, "tolist"):  # of numpy or torch: a number, or a list of them
        return _value(cell.tolist())
    raise ValueError(f"holds {type(cell).__name__}, and JSON has no word for that")


def _number(cell: Any) -> Any:
    if isinstance(cell, float):
        if math.isinf(cell):
            raise ValueError(f"is {cell}, which is not a value")
        return None if math.isnan(cell) else float(cell)
    return cell if isinstance(cell, bool) else int(cell)
