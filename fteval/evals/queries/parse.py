"""Whether a text is one query of a dialect, by sqlglot, and how SQLite writes it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from fteval.evals.find.query import LONGEST, depth, starts_with, statements

if TYPE_CHECKING:
    from sqlglot import exp

DEEPEST = 60
"""Nested brackets of a query."""
_OPENS = ("SELECT", "WITH", "VALUES", "(")
_DATES = ("date", "time", "datetime", "julianday", "unixepoch", "strftime", "timediff")


class NotAQuery(ValueError):
    """Why the text is no single query, in one clause; `unread` where sqlglot could make nothing of it."""

    def __init__(self, why: str, *, unread: bool = False) -> None:
        super().__init__(why)
        self.unread = unread


@lru_cache(maxsize=256)
def query(sql: str, dialect: str) -> exp.Expr:
    """The tree of one SELECT, WITH, VALUES or set operation. Raises NotAQuery."""
    import sqlglot
    from sqlglot import exp

    if len(sql) > LONGEST:
        raise NotAQuery(f"longer than {LONGEST:,} characters")
    parts = statements(sql)
    if len(parts) != 1:
        raise NotAQuery(f"{len(parts)} statements, wanted one")
    if starts_with(sql) not in _OPENS:
        raise NotAQuery(f"{starts_with(sql) or 'this'} is not a query")
    if depth(sql) > DEEPEST:
        raise NotAQuery(f"brackets nested deeper than {DEEPEST}")
    try:
        trees = sqlglot.parse(parts[0], dialect=dialect)
    except sqlglot.errors.SqlglotError as error:
        raise NotAQuery(_first_line(error), unread=True) from None
    except (RecursionError, ValueError, AttributeError, TypeError, IndexError) as error:  # of sqlglot's own making
        raise NotAQuery(f"not read by sqlglot ({type(error).__name__})", unread=True) from None
    tree = trees[0] if len(trees) == 1 else None
    if not isinstance(tree, exp.Query | exp.Values):
        raise NotAQuery("not a SELECT, WITH or VALUES")
    if isinstance(tree, exp.Select) and not tree.expressions and tree.find(exp.From) is None:
        raise NotAQuery("selects nothing")
    written = tree.find(exp.Insert, exp.Update, exp.Delete, exp.Create, exp.Drop, exp.Into, exp.Merge, exp.Command)
    if written:
        raise NotAQuery(f"holds a write ({type(written).__name__.upper()})")
    return tree


def is_query(sql: str, dialect: str) -> bool:
    """Whether `query` would not raise."""
    try:
        query(sql, dialect)
    except NotAQuery:
        return False
    return True


def for_sqlite(sql: str, dialect: str) -> str:
    """The query as SQLite runs it: as it stands where it is SQLite's already. Raises NotAQuery."""
    import sqlglot

    if dialect == "sqlite":
        return sql
    try:
        return query(sql, dialect).sql(dialect="sqlite", unsupported_level=sqlglot.ErrorLevel.IGNORE)
    except (sqlglot.errors.SqlglotError, RecursionError, ValueError, AttributeError, TypeError) as error:
        raise NotAQuery(f"cannot be written for SQLite: {_first_line(error)}") from None


def of_the_moment(tree: exp.Expr) -> str | None:
    """The call that reads the clock ("date('now')"), which makes a result depend on the day it is asked for."""
    from sqlglot import exp

    for node in _nodes(tree):
        if isinstance(node, exp.CurrentDate | exp.CurrentTime | exp.CurrentTimestamp | exp.CurrentDatetime):
            return node.sql(dialect="sqlite")[:60]
        if isinstance(node, exp.Literal) and node.is_string and node.this.strip().casefold() == "now":
            call = node.find_ancestor(exp.Func)
            if call is not None:
                return call.sql(dialect="sqlite")[:60]
        if isinstance(node, exp.Func):
            unnamed = isinstance(node, exp.Anonymous)  # "unixepoch()" is no function that sqlglot knows
            name = node.name if unnamed else node.key
            given = node.expressions if unnamed else [value for value in node.args.values() if value]
            if name.casefold() in _DATES and not given:
                return f"{name}()"
    return None


def _nodes(tree: exp.Expr) -> Iterator[exp.Expr]:
    try:
        yield from tree.walk()
    except RecursionError:
        return


def _first_line(error: Exception) -> str:
    line = (str(error).splitlines() or [""])[0]
    return line[:120].rstrip(". ") or type(error).__name__
