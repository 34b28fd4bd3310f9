"""Parquet files, a batch of rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from fteval.errors import UserError

MAGIC = b"PAR1"
_BATCH = 2000


def parquet_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(row number from 1, row). Raises UserError where pyarrow is missing, or cannot read it."""
    pyarrow = pyarrow_with_parquet()
    number = 0
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(_BATCH):
                for row in batch.to_pylist():
                    number += 1
                    yield number, {key: value for key, value in row.items() if value is not None}
    except pyarrow.ArrowException as error:
        raise UserError(f"not to be read as Parquet: {str(error)[:200]}", where=str(path)) from None


def write_parquet(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Writes rows, whose columns are those of the first batch. Raises UserError for a later row that does not fit."""
    pyarrow = pyarrow_with_parquet()
    left, writer = iter(rows), None
    try:
        while batch := list(islice(left, _BATCH)):
            # pyarrow takes the columns of the first row, and drops without a word what the schema has no place for.
            names = {name: None for row in batch for name in row}
            schema = writer.schema if writer else None
            table = pyarrow.Table.from_pylist([{**names, **row} for row in batch], schema=schema)
            if _said(table.to_pylist()) != _said(batch):
                raise TypeError("a row has columns or values that the first ones have no place for")
            writer = writer or pyarrow.parquet.ParquetWriter(path, table.schema)
            writer.write_table(table)
    except (pyarrow.ArrowException, TypeError) as error:
        fix = "write .jsonl, whose rows may differ"
        raise UserError(f"rows that no table holds: {str(error)[:200]}", where=str(path), fix=fix) from None
    finally:
        if writer is not None:
            writer.close()


def _said(value: Any) -> Any:
    """A value without what a table cannot tell from nothing: null, and objects of nothing else."""
    if isinstance(value, Mapping):
        return {key: said for key, inner in value.items() if (said := _said(inner)) not in (None, {})}
    return [_said(inner) for inner in value] if isinstance(value, list | tuple) else value


def pyarrow_with_parquet() -> Any:
    """The library. Raises UserError where it is missing."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise UserError("Parquet needs pyarrow", fix="pip install 'fteval[data]'") from None
    return pyarrow
