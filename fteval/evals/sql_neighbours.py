"""Databases near a given one, on which a query that is right by luck gives itself away.

After the test suites of Zhong, Yu and Klein (arXiv:2010.02840). Each neighbour keeps what its origin shows: types, NULL
only where there is NULL, unique columns (and pairs) unique, references between tables whole, one column following from
another, one date before another. So two queries that mean the same under these rules keep agreeing. What changes:
rows are dropped, copied and shuffled, and single values move to others of their column or to the bounds that the
reference compares with.
"""

from __future__ import annotations

import datetime
import random
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from fteval.evals.sql_database import Row, Value

if TYPE_CHECKING:
    from sqlglot import exp

Tables = Mapping[str, tuple[tuple[str, ...], Sequence[Row]]]
_LOOKED_AT = 300
"""Rows of a table that the rules are learned from and that are varied."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds in one table's data."""

    unique: tuple[tuple[int, ...], ...]
    """Columns that tell all rows apart: single ones, else pairs, else the whole row; () where rows repeat."""
    follows: tuple[tuple[int, int], ...]
    """(a, b): equal a means equal b."""
    ordered: tuple[tuple[int, int], ...]
    """(a, b): a <= b."""
    nullable: frozenset[int]
    extremes: tuple[tuple[int, bool], ...]
    """Columns whose largest (True) or smallest value stands in one row only."""

    def hold(self, rows: Sequence[Row], new: Row) -> bool:
        """Whether they still hold when this row comes to these."""
        if any(any(_at(row, key) == _at(new, key) for row in rows) for key in self.unique if None not in _at(new, key)):
            return False
        if any(new[c] is None for c in range(len(new)) if c not in self.nullable):
            return False
        if any(not _before(new[a], new[b]) for a, b in self.ordered):
            return False
        if any(row[a] == new[a] and row[b] != new[b] for a, b in self.follows for row in rows):
            return False
        return not any(_ties(rows, new, column, largest) for column, largest in self.extremes)


def neighbours(tables: Tables, tree: exp.Expr, *, loose: bool, seed: int) -> Iterator[Tables]:
    """Endlessly, the first the same for the same seed. `loose`: rows that are referred to may be missing.

    That is for a reference that finds nothing ("customers without an order"): only a change can tell it from a query
    that never finds anything.
    """
    draw = random.Random(seed)
    bounds = _bounds(tree)
    tables = {name: (columns, rows[:_LOOKED_AT]) for name, (columns, rows) in tables.items()}
    rules = {name: _learn(columns, rows, bounds) for name, (columns, rows) in tables.items()}
    links = _links(tables, rules)
    while True:
        varied = {
            name: _vary(columns, rows, rules[name], bounds, {c for t, c, _, _ in links if t == name}, draw)
            for name, (columns, rows) in tables.items()
        }
        _mend(varied, links, loose=loose)
        yield {name: (tables[name][0], rows) for name, rows in varied.items()}


# --- what holds ----------------------------------------------------------------------------------


def _at(row: Row, key: Sequence[int]) -> Row:
    return tuple(row[c] for c in key)


def _kind(value: Value) -> str:
    return "number" if isinstance(value, int | float) else type(value).__name__


def _before(a: Value, b: Value) -> bool:
    return a is None or b is None or (_kind(a) == _kind(b) and a <= b)  # type: ignore[operator]


def _learn(columns: Sequence[str], rows: Sequence[Row], bounds: Mapping[str, list[Value]]) -> Rules:
    n = range(len(columns))
    values = [[row[c] for row in rows] for c in n]
    single = [
        c for c in n if _distinct(v for v in values[c] if v is not None) and not all(v is None for v in values[c])
    ]
    unique: list[tuple[int, ...]] = [(c,) for c in single]
    if not unique:
        unique += [pair for pair in combinations(n, 2) if _distinct(_at(row, pair) for row in rows)][:6]
    if not unique and _distinct(iter(rows)):
        unique = [tuple(n)]
    follows = tuple(
        (a, b) for a in n for b in n
        if a != b and a not in single and len(set(values[b])) > 1 and _decides(values[a], values[b])
    )  # fmt: skip
    ordered = tuple((a, b) for a in n for b in n if a != b and _always_before(values[a], values[b]))
    asked_for_null = {c for c in n if None in bounds.get(columns[c].casefold(), ())}
    nullable = frozenset({c for c in n if None in values[c]} | asked_for_null)
    extremes = tuple(
        (c, largest) for c in n if c not in single for largest in (True, False) if _lone(values[c], largest)
    )
    return Rules(tuple(unique), follows, ordered, nullable, extremes)


def _distinct(values: Iterator[object]) -> bool:
    every = list(values)
    return len(set(every)) == len(every)


def _decides(of: Sequence[Value], to: Sequence[Value]) -> bool:
    seen: dict[Value, Value] = {}
    return all(seen.setdefault(a, b) == b for a, b in zip(of, to, strict=True))


def _always_before(a: Sequence[Value], b: Sequence[Value]) -> bool:
    pairs = [(x, y) for x, y in zip(a, b, strict=True) if x is not None and y is not None]
    same_kind = len({_kind(v) for pair in pairs for v in pair}) == 1
    return len(pairs) > 1 and same_kind and all(_before(x, y) for x, y in pairs)


def _extreme(values: Sequence[Value], largest: bool) -> Value:
    numbers = [v for v in values if isinstance(v, int | float)]
    return None if not numbers else max(numbers) if largest else min(numbers)


def _lone(values: Sequence[Value], largest: bool) -> bool:
    value = _extreme(values, largest)
    return value is not None and values.count(value) == 1


def _ties(rows: Sequence[Row], new: Row, column: int, largest: bool) -> bool:
    return new[column] is not None and new[column] == _extreme([row[column] for row in rows], largest)


Link = tuple[str, int, str, int]


def _links(tables: Tables, rules: Mapping[str, Rules]) -> list[Link]:
    """(table, column, other, key): every value of the column is a key of the other table."""
    sets = {
        (name, c): {row[c] for row in rows if row[c] is not None}
        for name, (columns, rows) in tables.items()
        for c in range(len(columns))
    }
    return [
        (name, c, other, key)
        for (name, c), values in sets.items()
        for (other, key), keys in sets.items()
        if (key,) in rules[other].unique and (name, c) != (other, key) and values and values <= keys
    ]


# --- what changes --------------------------------------------------------------------------------


def _vary(
    columns: Sequence[str], rows: Sequence[Row], rules: Rules, bounds: Mapping[str, list[Value]], linked: set[int],
    draw: random.Random,
) -> list[Row]:  # fmt: skip
    if not rows:
        return []
    share = draw.choice((0.3, 0.6, 0.9))
    kept = [row for row in rows if draw.random() < share] or [draw.choice(rows)]
    kept = _rekeyed(kept, rules, draw)
    wanted = len(rows) + draw.randint(0, max(2, len(rows) // 2))
    compared = [c for c in range(len(columns)) if bounds.get(columns[c].casefold())]
    for _ in range(3 * wanted):
        if len(kept) >= wanted:
            break
        new = list(draw.choice(rows))
        for c in range(len(columns)):
            if (c,) in rules.unique:
                taken = {row[c] for row in kept}
                free = [row[c] for row in rows if row[c] not in taken]
                if free and (c in linked or draw.random() < 0.7):
                    new[c] = draw.choice(free)
                elif c not in linked:
                    new[c] = _unseen(new[c], {row[c] for row in rows} | taken)
        for _ in range(draw.randint(0, 2)):
            c = draw.choice(compared) if compared and draw.random() < 0.6 else draw.randrange(len(columns))
            edges = [v for v in bounds.get(columns[c].casefold(), ()) if _fits(v, rows, c)]
            if edges and draw.random() < 0.6:
                new[c] = draw.choice(edges)
            elif (c,) not in rules.unique:
                new[c] = draw.choice(rows)[c]
        if rules.hold(kept, tuple(new)):
            kept.append(tuple(new))
    draw.shuffle(kept)
    return kept


def _rekeyed(rows: list[Row], rules: Rules, draw: random.Random) -> list[Row]:
    """The rows with the values of their unique columns dealt out anew, where no rule minds."""
    for (c,) in (key for key in rules.unique if len(key) == 1):
        dealt = draw.sample([row[c] for row in rows], len(rows))
        new = [(*row[:c], value, *row[c + 1 :]) for row, value in zip(rows, dealt, strict=True)]
        if all(_before(row[a], row[b]) for row in new for a, b in rules.ordered):
            rows = new
    return rows


def _fits(value: Value, rows: Sequence[Row], column: int) -> bool:
    """A bound of the column's own type: 9.5 is none among whole numbers."""
    return value is None or any(type(row[column]) is type(value) for row in rows)


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
        before = sum(map(len, tables.values()))
        for name, c, other, key in both:
            keys = {row[key] for row in tables[other]}
            tables[name] = [row for row in tables[name] if row[c] is None or row[c] in keys]
            if not loose and (other, key, name, c) in both:
                used = {row[c] for row in tables[name]}
                tables[other] = [row for row in tables[other] if row[key] in used]
        if sum(map(len, tables.values())) == before:
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
