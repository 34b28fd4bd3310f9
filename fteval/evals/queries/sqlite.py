"""SQLite in memory, for reading only: what a query may do, and how much of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from fteval.evals.language.text import word_set

Value = None | int | float | str | bytes
Row = tuple[Value, ...]

STEPS = 20_000_000
"""Steps of SQLite's machine that a reference or a setup may take: about a second."""
MARGIN = 50
"""An answer may take so many times its reference's steps, and `LEAST` in any case."""
LEAST = 200_000
ROWS = 10_000
"""Rows of an answer that are read, or twice the reference's where that is more."""
_EVERY = 200  # steps between two looks at the budget

# Without random, randomblob, zeroblob, printf, load_extension, readfile, changes and the like.
_FUNCTIONS = word_set(
    """
    abs avg ceil ceiling char coalesce concat concat_ws count cume_dist date datetime dense_rank exp first_value floor
    glob group_concat hex if ifnull iif instr julianday lag last_value lead length like likelihood likely ln log
    log10 log2 lower ltrim max min mod nth_value ntile nullif octet_length percent_rank pi pow power quote rank replace
    round row_number rtrim sign soundex sqrt strftime string_agg substr substring sum time timediff total trim trunc
    typeof unhex unicode unixepoch unlikely upper acos asin atan atan2 cos degrees radians sin tan
    json json_array json_array_length json_extract json_object json_type json_valid json_group_array json_group_object
    json_quote -> ->>
    """
)


@dataclass(frozen=True, slots=True)
class Database:
    """A filled database, frozen: every use of it gets a copy, so that no answer leaves a trace."""

    image: bytes
    size: int
    """Characters of what it was filled from."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a query returned."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    steps: int = 0
    cut: bool = False
    """More rows than were read."""


class Stopped(Exception):
    """Why the query did not run to its end, in one clause; `syntax` where SQLite could not even read it."""

    def __init__(self, why: str, *, syntax: bool = False) -> None:
        super().__init__(why)
        self.syntax = syntax


def filled(script: str, tables: Mapping[str, Any]) -> Database:
    """A database made by a script, then rows put into its tables; a table that it lacks is made from its rows.

    Raises Stopped where the script fails, ValueError where the tables have not the form {"name": [{"column": value}]}.
    """
    with opened() as db:
        if script:
            size = 5_000_000
            db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, size)
            with _guarded(db, STEPS, _may_set_up):
                db.executescript(script)
        for name, rows in tables.items():
            _put(db, name, _rows(name, rows))
        db.commit()
        return Database(db.serialize(), len(script) + len(json.dumps(tables, default=str)))


def run(
    database: Database,
    sql: str,
    *,
    budget: int = STEPS,
    most: int | None = None,
    on: sqlite3.Connection | None = None,
) -> Result:
    """The rows of one query on a copy of the database. Raises Stopped.

    `on` is a connection of `opened`, which serves one query after another; each finds its own database alone.
    """
    with nullcontext(on) if on else opened() as db:
        db.deserialize(database.image)
        db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 5_000 + 4 * database.size)
        db.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, 100_000)
        db.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 200)
        # A cursor left open would keep the database in use.
        with _guarded(db, budget, _may_read) as spent, closing(db.execute(sql)) as cursor:
            if cursor.description is None:
                raise Stopped("returns no rows: not a query")
            rows = cursor.fetchall() if most is None else cursor.fetchmany(most + 1)
            names = tuple(column[0] for column in cursor.description)
        cut = most is not None and len(rows) > most
        return Result(names, tuple(map(tuple, rows)), spent[0], cut)


def contents(database: Database) -> dict[str, tuple[tuple[str, ...], list[Row]]]:
    """table -> its columns and rows, generated columns left out."""
    with opened() as db:
        db.deserialize(database.image)
        names = db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
            " AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY rowid"
        ).fetchall()
        out = {}
        for (name,) in names:
            columns = [row[1] for row in db.execute(f"PRAGMA table_xinfo({quoted(name)})") if row[6] == 0]
            listed = ", ".join(map(quoted, columns))
            out[name] = (tuple(columns), [tuple(r) for r in db.execute(f"SELECT {listed} FROM {quoted(name)}")])
        return out


def refilled(database: Database, tables: Mapping[str, tuple[tuple[str, ...], Sequence[Row]]]) -> Database:
    """The same tables with other rows; a row that breaks a declared constraint is left out."""
    with opened() as db:
        db.deserialize(database.image)
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {quoted(name)}")
        for name in tables:
            db.execute(f"DELETE FROM {quoted(name)}")
        for name, (columns, rows) in tables.items():
            db.executemany(_insert(name, columns, "INSERT OR IGNORE"), rows)
        db.commit()
        return Database(db.serialize(), database.size * 2)


def quoted(name: str) -> str:
    """An identifier that SQL cannot misread."""
    return '"' + name.replace('"', '""') + '"'


# --- filling -------------------------------------------------------------------------------------


def opened() -> closing[sqlite3.Connection]:
    """A connection that is closed behind the block."""
    db = sqlite3.connect(":memory:", cached_statements=0)
    if sqlite3.sqlite_version_info < (3, 44):  # so that a verdict does not hang on the machine's SQLite
        db.create_function("concat", -1, _concat, deterministic=True)
        db.create_function("concat_ws", -1, _concat_ws, deterministic=True)
    return closing(db)


def _concat(*values: Value) -> str:
    return "".join(str(v) for v in values if v is not None)


def _concat_ws(separator: Value = None, *values: Value) -> str | None:
    return None if separator is None else str(separator).join(str(v) for v in values if v is not None)


def _insert(table: str, columns: Sequence[str], verb: str = "INSERT") -> str:
    marks = ", ".join("?" * len(columns))
    return f"{verb} INTO {quoted(table)} ({', '.join(map(quoted, columns))}) VALUES ({marks})"


def _rows(name: str, rows: Any) -> list[dict[str, Value]]:
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise ValueError(f"table {name!r} must be a list of {{column: value}}")
    return [{str(c): _value(name, c, v) for c, v in row.items()} for row in rows]


def _value(table: str, column: str, value: Any) -> Value:
    if isinstance(value, bool):
        return int(value)
    if value is None or isinstance(value, int | float | str):
        return value
    raise ValueError(f"column {column!r} of table {table!r} holds {type(value).__name__}, wanted text, number or null")


def _put(db: sqlite3.Connection, name: str, rows: list[dict[str, Value]]) -> None:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    known = [row[1] for row in db.execute(f"PRAGMA table_info({quoted(name)})")]
    if not known and not columns:
        raise ValueError(f"table {name!r} has no rows, so its columns are not known: create it in 'setup' or schema")
    if not known:
        typed = ", ".join(f"{quoted(c)} {_affinity([row.get(c) for row in rows])}" for c in columns)
        db.execute(f"CREATE TABLE {quoted(name)} ({typed})")
    for row in rows if known else [{c: row.get(c) for c in columns} for row in rows]:
        if row:
            db.execute(_insert(name, list(row)), list(row.values()))


def _affinity(values: Sequence[Value]) -> str:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int}:
        return "INTEGER"
    return "TEXT" if kinds == {str} else "REAL" if kinds and kinds <= {int, float} else ""


# --- guards --------------------------------------------------------------------------------------

_READS = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE)
_SHUT = (sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH, sqlite3.SQLITE_CREATE_VTABLE)


def _may_read(action: int, first: str | None, second: str | None, _db: str | None, _by: str | None) -> int:
    if action in _READS:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_READ:
        hidden = (first or "").casefold().startswith(("sqlite_", "pragma_"))
        return sqlite3.SQLITE_DENY if hidden else sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION and (second or "").casefold() in _FUNCTIONS:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _may_set_up(action: int, first: str | None, second: str | None, _db: str | None, _by: str | None) -> int:
    if action == sqlite3.SQLITE_PRAGMA:
        return sqlite3.SQLITE_IGNORE  # dumps begin with harmless ones
    if action in _SHUT or (action == sqlite3.SQLITE_FUNCTION and (second or "").casefold() == "load_extension"):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


@contextmanager
def _guarded(db: sqlite3.Connection, budget: int, allowed: Any) -> Iterator[list[int]]:
    """Runs the block with an authorizer and a step budget; yields the steps taken so far, in a list of one."""
    spent = [0]

    def over() -> int:
        spent[0] += _EVERY
        return int(spent[0] > budget)

    db.set_authorizer(allowed)
    db.set_progress_handler(over, _EVERY)
    try:
        yield spent
    except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError, MemoryError) as error:
        said = str(error)
        if spent[0] > budget:
            raise Stopped(f"stopped after {budget:,} steps: endless, or far dearer than its reference") from None
        if "not authorized" in said or "prohibited" in said:
            raise Stopped(f"refused: only reading is allowed ({said})") from None
        raise Stopped(said[:200] or type(error).__name__, syntax=_is_syntax(error, said)) from None
    finally:
        db.set_authorizer(None)
        db.set_progress_handler(None, 0)


_SYNTAX = ("syntax error", "incomplete input", "unrecognized token", "null character")


def _is_syntax(error: BaseException, said: str) -> bool:
    if isinstance(error, sqlite3.Error):
        return any(part in said for part in _SYNTAX)
    return isinstance(error, ValueError)
