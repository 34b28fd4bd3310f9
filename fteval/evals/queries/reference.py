"""What the reference query returns: on the row's data, and on data near it."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, islice
from typing import TYPE_CHECKING

from fteval.errors import UserError
from fteval.evals.queries.limits import Limit
from fteval.evals.queries.neighbours import Ask, neighbours
from fteval.evals.queries.parse import NotAQuery, for_sqlite, of_the_moment, query
from fteval.evals.queries.results import Wanted
from fteval.evals.queries.rules import Tables
from fteval.evals.queries.sqlite import STEPS, Database, Row, Stopped, contents, filled, refilled, run

if TYPE_CHECKING:
    from sqlglot import exp

N_NEIGHBOURS = 6
_KEY = "fteval sort key {}"


@dataclass(frozen=True, slots=True)
class Trial:
    """One database, and what the reference returned there."""

    database: Database
    wanted: Wanted
    steps: int


@lru_cache(maxsize=128)
def trials(schema: str, dialect: str, setup: str, tables: str, target: str) -> tuple[Trial, ...]:
    """The row's own database first, then its neighbours. `tables` is JSON. Raises UserError for a broken row."""
    database = _database(schema, dialect, setup, tables)
    try:
        tree, sql = query(target, dialect), for_sqlite(target, dialect)
    except NotAQuery as error:
        raise UserError(f"its reference query does not parse: {error}", fix="mend 'target'") from None
    clock = of_the_moment(tree)
    if clock:
        raise UserError(
            f"its reference reads the clock ({clock}): its result would be another one every day",
            fix="write the day into the question and into 'target'",
        )
    try:
        base = _trial(database, tree, sql)
    except Stopped as error:
        raise UserError(f"its reference query does not run: {error}", fix="mend 'target', 'setup' or schema") from None
    return base, *_near(
        base, tree, sql, zlib.crc32(f"{schema}\n{setup}\n{tables}\n{target}".encode("utf-8", "replace"))
    )


@lru_cache(maxsize=32)
def _database(schema: str, dialect: str, setup: str, tables: str) -> Database:
    try:
        return filled("\n".join(_script(part, dialect) for part in (schema, setup) if part), json.loads(tables))
    except (Stopped, NotAQuery, ValueError, OverflowError, sqlite3.Error) as error:
        raise UserError(f"its database cannot be made: {error}", fix="mend 'tables', 'setup' or schema") from None


def _script(script: str, dialect: str) -> str:
    import sqlglot
    from sqlglot import exp

    if dialect == "sqlite":
        return script.rstrip().rstrip(";") + ";"
    try:
        trees = [tree for tree in sqlglot.parse(script, read=dialect) if tree is not None]
        for kind in (kind for tree in trees for kind in tree.find_all(exp.DataType)):
            if kind.this.name.endswith("SERIAL"):  # numbers itself only as INTEGER PRIMARY KEY
                kind.set("this", exp.DataType.Type.INT)
        lenient = sqlglot.ErrorLevel.IGNORE
        return "".join(tree.sql(dialect="sqlite", unsupported_level=lenient) + ";\n" for tree in trees)
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        raise NotAQuery(str(error)[:120]) from None


def _near(base: Trial, tree: exp.Expr, sql: str, seed: int) -> list[Trial]:
    """Neighbours, first one for each limit of a total, then those on which the reference returns another thing."""
    nothing = all(value in (None, 0) for row in base.wanted.rows for value in row)
    telling: dict[frozenset[tuple[Row, int]], Trial] = {}
    limits: dict[Limit, Trial] = {}
    others: list[Trial] = []
    seen = {_as_set(base.wanted.rows)}
    near = neighbours(contents(base.database), tree, _asking(base.database), loose=nothing, seed=seed)
    for tables, limit in islice(near, 40 if nothing else 16):
        try:
            trial = _trial(refilled(base.database, tables), tree, sql)
        except Stopped:
            continue
        if _says_less(trial.wanted, base.wanted):
            continue
        returned = _as_set(trial.wanted.rows)
        if limit and limit not in limits:
            limits[limit] = trial
            seen.add(returned)
        elif returned in seen:
            others.append(trial)
        else:
            seen.add(returned)
            telling[returned] = trial
        if len(limits) + len(telling) == N_NEIGHBOURS:
            break
    return [*limits.values(), *telling.values(), *others][:N_NEIGHBOURS]


def _asking(database: Database) -> Ask:
    """Answers questions on other rows until they have cost a third of a second."""
    left = STEPS // 3

    def ask(tables: Tables, sql: str) -> tuple[Row, ...]:
        nonlocal left
        left -= 5_000 + 40 * sum(len(rows) for _, rows in tables.values())  # what filling them costs
        try:
            result = run(refilled(database, tables), sql, budget=left) if left > 0 else None
        except Stopped:
            result = None
        left -= result.steps if result else 0
        return result.rows if result else ()

    return ask


def _as_set(rows: Sequence[Row]) -> frozenset[tuple[Row, int]]:
    return frozenset(Counter(rows).items())


def _says_less(near: Wanted, base: Wanted) -> bool:
    """Whether the data no longer decides what a right query returns.

    A tie that LIMIT cuts; nothing, 0 or NULL where there was something: a sum over nothing is NULL for some and 0 for
    others, a count is 0 or no row.
    """
    if (near.cuts_a_tie and not base.cuts_a_tie) or (base.rows and not near.rows):
        return True
    was, now = ({value for row in wanted.rows for value in row if not value} for wanted in (base, near))
    return not now <= was


def _trial(database: Database, tree: exp.Expr, sql: str) -> Trial:
    result = run(database, sql)
    order = _order(tree)
    if order is None:
        return Trial(database, Wanted(result.rows), result.steps)
    ties, skipped = _ties(database, tree, order, result.columns, result.rows)
    return Trial(database, Wanted(result.rows, ties, skipped, ordered=True), result.steps)


def _order(tree: exp.Expr) -> exp.Expr | None:
    order = tree.args.get("order")
    return order if order is not None and order.expressions else None


def _ties(
    database: Database, tree: exp.Expr, order: exp.Expr, columns: Sequence[str], rows: Sequence[Row]
) -> tuple[tuple[tuple[Row, ...], ...], int]:
    """All rows without LIMIT, parted where the sort keys change; every row alone where the keys cannot be had."""
    alone = tuple((row,) for row in rows), 0
    whole = tree.copy()
    for part in ("limit", "offset"):
        whole.set(part, None)
    places, added = [], 0
    for key in (key.this for key in order.expressions):
        place = _place(key, tree, columns)
        if place is None:
            if tree.key != "select" or tree.args.get("distinct"):
                return alone
            place = len(columns) + added
            added += 1
            whole = whole.select(_aliased(key, _KEY.format(added)), copy=False)  # type: ignore[attr-defined]
        places.append(place)
    offset = tree.args.get("offset")
    skipped = _whole_number(offset.expression) if offset is not None else 0
    if skipped is None:
        return alone
    try:
        every = run(database, whole.sql(dialect="sqlite")).rows
    except Stopped:
        return alone
    keyed = [(tuple(row[p] for p in places), row[: len(columns)]) for row in every]
    ties = tuple(tuple(row for _, row in tie) for _, tie in groupby(keyed, key=lambda pair: pair[0]))
    same = {row for _, row in keyed} >= set(rows) and len(keyed) >= skipped + len(rows)
    return (ties, skipped) if same else alone


def _place(key: exp.Expr, tree: exp.Expr, columns: Sequence[str]) -> int | None:
    """The column of the result that a sort key is: by number, by name, or as the same expression."""
    from sqlglot import exp

    number = _whole_number(key)
    if number is not None:
        return number - 1 if 0 < number <= len(columns) else None
    names = [name.casefold() for name in columns]
    if isinstance(key, exp.Column) and not key.table and names.count(key.name.casefold()) == 1:
        return names.index(key.name.casefold())
    listed = [e.unalias() for e in getattr(tree, "expressions", ())]
    return listed.index(key) if len(listed) == len(columns) and key in listed else None


def _aliased(key: exp.Expr, name: str) -> exp.Expr:
    from sqlglot import exp

    return exp.alias_(key.copy(), name, quoted=True)


def _whole_number(node: object) -> int | None:
    from sqlglot import exp

    return int(node.this) if isinstance(node, exp.Literal) and not node.is_string and node.this.isdigit() else None
