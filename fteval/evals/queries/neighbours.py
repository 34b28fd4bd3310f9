"""Databases near a given one, on which a query that is right by luck gives itself away.

After the test suites of Zhong, Yu and Klein (arXiv:2010.02840). Each neighbour keeps what its origin shows: types, NULL
only where there is NULL, unique columns (and pairs) unique, references between tables whole, one column following from
another, one date before another. So two queries that mean the same under these rules keep agreeing. What changes:
rows are dropped, copied and shuffled, single values move to others of their column or to the bounds that the reference
compares with, and totals of groups to the limits of its HAVING.
"""

from __future__ import annotations

import datetime
import random
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING

from fteval.evals.queries.limits import Cell, Limit, at_limit, limits
from fteval.evals.queries.rules import Link, Rules, Tables, before, learned, links_of
from fteval.evals.queries.sqlite import Row, Value

if TYPE_CHECKING:
    from sqlglot import exp

Ask = Callable[[Tables, str], Sequence[Row]]
"""The rows of a query on these tables, none where it does not run."""
_TRIES = 3
"""Neighbours more that are made until the totals of one reach a limit."""
_LOOKED_AT = 300
"""Rows of a table that the rules are learned from and that are varied."""


@dataclass(frozen=True, slots=True)
class _Origin:
    """The rows that neighbours are made from, and what they keep."""

    tables: Tables
    rules: Mapping[str, Rules]
    links: Sequence[Link]
    bounds: Mapping[str, list[Value]]
    loose: bool


def neighbours(
    tables: Tables, tree: exp.Expr, ask: Ask, *, loose: bool, seed: int
) -> Iterator[tuple[Tables, Limit | None]]:
    """Endlessly, each with the limit that a total reaches there; the first the same for the same seed.

    `loose`: rows that are referred to may be missing. That is for a reference that finds nothing ("customers without
    an order"): only a change can tell it from a query that never finds anything.
    """
    draw = random.Random(seed)
    origin = _origin(tables, tree, loose=loose)
    for limit in cycle(limits(tree) or [None]):
        near = _varied(origin, draw)
        moved = _at_limit(origin, near, limit, ask, draw) if limit else None
        for _ in range(_TRIES if limit else 0):
            if moved is None and limit:
                near = _varied(origin, draw)
                moved = _at_limit(origin, near, limit, ask, draw)
        yield _whole(origin, moved or near), limit if moved else None


def _origin(tables: Tables, tree: exp.Expr, *, loose: bool) -> _Origin:
    from sqlglot import exp

    bounds = _bounds(tree)
    picks = tree.find(exp.Max, exp.Min, exp.Limit, exp.Window) is not None
    tables = {name: (columns, rows[:_LOOKED_AT]) for name, (columns, rows) in tables.items()}
    rules = {name: learned(columns, rows, bounds, picks=picks) for name, (columns, rows) in tables.items()}
    return _Origin(tables, rules, links_of(tables, rules), bounds, loose)


def _varied(origin: _Origin, draw: random.Random) -> dict[str, list[Row]]:
    near = {
        name: _vary(columns, rows, origin.rules[name], origin.bounds, {c for t, c, _, _ in origin.links if t == name},
                    draw)
        for name, (columns, rows) in origin.tables.items()
    }  # fmt: skip
    _mend(near, origin.links, loose=origin.loose)
    return near


def _at_limit(
    origin: _Origin, near: dict[str, list[Row]], limit: Limit, ask: Ask, draw: random.Random
) -> dict[str, list[Row]] | None:
    """With a total at the limit, by a number moved that is no reference to another table."""
    linked = {place for link in origin.links for place in (link[:2], link[2:])}
    cells = [
        Cell(name, r, c)
        for name, rows in near.items()
        for c, column in enumerate(origin.tables[name][0])
        if column.casefold() in limit.columns and (name, c) not in linked
        for r, row in enumerate(rows)
        if isinstance(row[c], int | float)
    ]

    def fits(moved: Mapping[str, list[Row]], cell: Cell) -> bool:
        others = [row for n, row in enumerate(moved[cell.table]) if n != cell.row]
        return origin.rules[cell.table].hold(origin.tables[cell.table][1], others, moved[cell.table][cell.row])

    return at_limit(near, limit, cells, fits, lambda rows, sql: ask(_whole(origin, rows), sql), draw)


def _whole(origin: _Origin, near: Mapping[str, list[Row]]) -> Tables:
    return {name: (origin.tables[name][0], rows) for name, rows in near.items()}


# --- what changes --------------------------------------------------------------------------------


def _vary(
    columns: Sequence[str], rows: Sequence[Row], rules: Rules, bounds: Mapping[str, list[Value]], linked: set[int],
    draw: random.Random,
) -> list[Row]:  # fmt: skip
    if not rows:
        return []
    share = draw.choice((0.3, 0.6, 0.9))
    kept = [row for row in rows if draw.random() < share] or [draw.choice(rows)]
    models = kept if draw.random() < 0.6 else rows  # what was dropped stays so, or comes back in another shape
    kept = _rekeyed(kept, rules, draw)
    wanted = len(rows) + draw.randint(0, max(2, len(rows) // 2))
    edges = {
        c: [v for v in dict.fromkeys(bounds.get(column.casefold(), ())) if _fits(v, rows, c)]
        for c, column in enumerate(columns)
    }
    every_edge = 2 * [(c, value) for c in edges for value in edges[c]]
    for c, value in draw.sample(every_edge, len(every_edge)):
        new = _copied(models, kept, rows, rules, linked, draw)
        new[c] = value
        if len(kept) < 2 * wanted and rules.hold(rows, kept, tuple(new)):
            kept.append(tuple(new))
    for _ in range(3 * wanted):
        if len(kept) >= wanted:
            break
        new = _copied(models, kept, rows, rules, linked, draw)
        for c in draw.sample(range(len(columns)), min(len(columns), draw.randint(1, 2))):
            if (c,) not in rules.unique:
                new[c] = draw.choice(rows)[c] if c in linked or draw.random() < 0.6 else _moved(rows, c, draw)
        if rules.hold(rows, kept, tuple(new)):
            kept.append(tuple(new))
    draw.shuffle(kept)
    return kept


def _copied(
    models: Sequence[Row], kept: Sequence[Row], rows: Sequence[Row], rules: Rules, linked: set[int], draw: random.Random
) -> list[Value]:
    """A row like another, with keys that none of those kept has."""
    new = list(draw.choice(models))
    for (c,) in (key for key in rules.unique if len(key) == 1):
        taken = {row[c] for row in kept}
        free = [row[c] for row in rows if row[c] not in taken]
        if free and (c in linked or draw.random() < 0.7):
            new[c] = draw.choice(free)
        elif c not in linked:
            new[c] = _unseen(new[c], {row[c] for row in rows} | taken)
    return new


def _rekeyed(rows: list[Row], rules: Rules, draw: random.Random) -> list[Row]:
    """The rows with the values of their unique columns dealt out anew, where no rule minds."""
    for (c,) in (key for key in rules.unique if len(key) == 1):
        given = [row[c] for row in rows if row[c] is not None]
        dealt = iter(draw.sample(given, len(given)))
        new = [row if row[c] is None else (*row[:c], next(dealt), *row[c + 1 :]) for row in rows]
        if all(before(row[a], row[b]) for row in new for a, b in rules.ordered):
            rows = new
    return rows


def _moved(rows: Sequence[Row], column: int, draw: random.Random) -> Value:
    """A number among or little above those of the column, where it holds more than flags; else one of its values."""
    given = [row[column] for row in rows]
    numbers = [v for v in given if isinstance(v, int | float)]
    if len(set(numbers)) < 3 or any(isinstance(v, str | bytes) for v in given):
        return draw.choice(given)
    low, high = min(numbers), max(numbers)
    if all(isinstance(v, int) for v in numbers):
        return draw.randint(int(low), int(high + max(1, (high - low) // 4)))
    return round(draw.uniform(low, high + (high - low) / 4), 2)


def _fits(value: Value, rows: Sequence[Row], column: int) -> bool:
    """A bound of the column's own type (9.5 is none among whole numbers), below 0 only where others are."""
    own = [row[column] for row in rows]
    if isinstance(value, int | float) and value < 0 and not any(isinstance(v, int | float) and v < 0 for v in own):
        return False
    return value is None or any(type(v) is type(value) for v in own)


def _unseen(value: Value, seen: Collection[Value]) -> Value:
    """The next value of its kind that is not taken: a number, a day, a text with a number."""
    if isinstance(value, str):
        try:
            day = datetime.date.fromisoformat(value[:10]) if len(value) in (10, 16, 19) else None
        except ValueError:
            day = None
        if day:
            while (new := day.isoformat() + value[10:]) in seen and day < datetime.date.max:
                day += datetime.timedelta(1)
            return new
        return next(new for i in range(2, len(seen) + 3) if (new := f"{value} {i}") not in seen)
    if isinstance(value, int | float):
        while value in seen:
            value += 1
    return value


def _mend(tables: dict[str, list[Row]], links: Sequence[Link], *, loose: bool) -> None:
    """Drops rows until every reference has its row again; and, unless loose, where all were referred to, all are."""
    both = Counter(links)
    for _ in range(10):
        n_rows = sum(map(len, tables.values()))
        for name, c, other, key in both:
            keys = {row[key] for row in tables[other]}
            tables[name] = [row for row in tables[name] if row[c] is None or row[c] in keys]
            if not loose and (other, key, name, c) in both:
                used = {row[c] for row in tables[name]}
                tables[other] = [row for row in tables[other] if row[key] in used]
        if sum(map(len, tables.values())) == n_rows:
            return


def _bounds(tree: exp.Expr) -> dict[str, list[Value]]:
    """column -> the values that the query compares it with, their neighbours if whole, None for IS NULL."""
    from sqlglot import exp

    out: dict[str, list[Value]] = {}
    for node in tree.find_all(exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In, exp.Is):
        sides = [side for arg in node.args.values() for side in (arg if isinstance(arg, list) else [arg])]
        for column in sides:
            if isinstance(column, exp.Column):
                values = [value for side in sides for value in _around(side)]
                out.setdefault(column.name.casefold(), []).extend(values)
    return out


def _around(side: object) -> list[Value]:
    from sqlglot import exp

    if isinstance(side, exp.Null):
        return [None]
    sign = -1 if isinstance(side, exp.Neg) else 1
    literal = side.this if isinstance(side, exp.Neg) else side
    if not isinstance(literal, exp.Literal):
        return []
    if literal.is_string:
        return [literal.this]
    try:
        whole = sign * int(literal.this)
    except ValueError:
        return [sign * float(literal.this)]
    return [whole - 1, whole, whole + 1, float(whole)]
