"""Data on which the total of a group lies right at the limit that a query compares it with (HAVING SUM(x) > 100).

By luck no sum of the given rows, nor of others made at random, lies between two limits that a query may confuse. So
one value of one row is moved until a group's sum, mean, largest or smallest is the limit, or one below or above. What
a move does is seen by asking the database, so that joins, factors and subqueries need no rules of their own.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fteval.evals.queries.sqlite import Row, Value

if TYPE_CHECKING:
    from sqlglot import exp

Tables = dict[str, list[Row]]
Ask = Callable[[Tables, str], Sequence[Row]]
"""The rows of a query on these tables, none where it does not run."""
_TRIES = 4
"""Values that are moved before the search ends: each costs two or three queries."""

_ROUNDED = 60
"""Fractions that are rounded at most."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What a total of rows shall be where a query compares it with a number."""

    groups: str
    """The query of all groups: what they are grouped by, and last the total."""
    columns: frozenset[str]
    """Columns that the total is made of, in lower case."""
    number: float
    side: int
    """0: the number itself; -1, 1: less or more than it, by 1 at most."""

    def reached(self, groups: Sequence[Row]) -> bool:
        """Whether a group has such a total."""
        gaps = [row[-1] - self.number for row in groups if isinstance(row[-1], int | float)]
        return any(0 < gap * self.side <= 1 if self.side else gap == 0 for gap in gaps)


@dataclass(frozen=True, slots=True)
class Cell:
    """A value of a table that may move."""

    table: str
    row: int
    column: int


def limits(tree: exp.Expr) -> list[Limit]:
    """Where a query compares an aggregate, or the name that it gave one, with a number."""
    from sqlglot import exp

    named = {alias.alias.casefold(): alias.this for alias in tree.find_all(exp.Alias) if alias.find(exp.AggFunc)}
    found = []
    for node in tree.find_all(exp.GT, exp.GTE, exp.LT, exp.LTE, exp.EQ, exp.NEQ, exp.Between):
        sides = [side for side in node.args.values() if isinstance(side, exp.Expr)]
        numbers = [float(side.this) for side in sides if isinstance(side, exp.Literal) and not side.is_string]
        for side in sides if numbers else []:
            total = named.get(side.name.casefold()) if isinstance(side, exp.Column) else side
            query = total.find_ancestor(exp.Select) if total is not None and total.find(exp.AggFunc) else None
            if total is not None and query is not None:
                columns = frozenset(column.name.casefold() for column in total.find_all(exp.Column))
                groups = _groups(tree, query, total)
                found += [Limit(groups, columns, number, side) for number in numbers for side in (0, -1, 1)]
    return found


def _groups(tree: exp.Expr, query: exp.Expr, total: exp.Expr) -> str:
    """The query that lists every group and its total."""
    from sqlglot import exp

    group = query.args.get("group")
    keys = [key for key in (group.expressions if group else []) if isinstance(key, exp.Column)]
    whole = query.copy()
    for part in ("having", "order", "limit", "offset", "distinct"):
        whole.set(part, None)
    whole.set("expressions", [key.copy() for key in keys] + [exp.alias_(total.copy(), "total")])
    if tree.args.get("with_") and query is not tree and not whole.args.get("with_"):
        whole.set("with_", tree.args["with_"].copy())
    return str(whole.sql(dialect="sqlite"))


def at_limit(
    tables: Tables, limit: Limit, cells: Sequence[Cell], fits: Callable[[Tables, Cell], bool], ask: Ask,
    draw: random.Random,
) -> Tables | None:  # fmt: skip
    """These tables, one of the cells moved if need be so that a group's total is at the limit; None where none gets it.

    `fits`: whether a moved value is one that the data may hold.
    """
    rounded = tables if limit.side else _in_halves(tables, cells, fits)
    if rounded is None:
        return None
    before = ask(rounded, limit.groups)
    if limit.reached(before):
        return rounded
    for cell in draw.sample(cells, min(_TRIES, len(cells))):
        for new in _moves(rounded, cell, before, limit, ask):
            moved = _with(rounded, cell, new)
            if fits(moved, cell) and limit.reached(ask(moved, limit.groups)):
                return moved
    return None


def _in_halves(tables: Tables, cells: Sequence[Cell], fits: Callable[[Tables, Cell], bool]) -> Tables | None:
    """Fractions rounded to halves; None where they do not fit so.

    Older SQLite adds hundredths to another sum in another order of rows: right at a limit, two right queries would
    differ.
    """
    for cell in cells:
        value = tables[cell.table][cell.row][cell.column]
        if isinstance(value, float) and not (2 * value).is_integer():
            tables = _with(tables, cell, round(2 * value) / 2)
            if len(cells) > _ROUNDED or not fits(tables, cell):
                return None
    return tables


def _moves(tables: Tables, cell: Cell, before: Sequence[Row], limit: Limit, ask: Ask) -> Iterator[int | float]:
    """Values of a cell that bring its group's total to the limit: where a step of 1 shows how far it moves it."""
    old = tables[cell.table][cell.row][cell.column]
    assert isinstance(old, int | float)
    totals = {row[:-1]: row[-1] for row in before}
    for *keys, total in ask(_with(tables, cell, old + 1), limit.groups):
        was = totals.get(tuple(keys))
        if isinstance(was, int | float) and isinstance(total, int | float) and total != was:
            step = limit.side if isinstance(old, int) else limit.side / 2
            new = old + (limit.number + step - was) / (total - was)
            if new < 0 <= old:
                continue
            if isinstance(old, float):
                yield round(new, 2) if limit.side else round(2 * new) / 2
            elif float(new).is_integer():
                yield int(new)


def _with(tables: Tables, cell: Cell, value: Value) -> Tables:
    row = tables[cell.table][cell.row]
    rows = tables[cell.table][:]
    rows[cell.row] = (*row[: cell.column], value, *row[cell.column + 1 :])
    return {**tables, cell.table: rows}
