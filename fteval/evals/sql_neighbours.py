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

Aspect = tuple[int, bool]
"""A column's value, or (True) only whether it is NULL."""
Tables = Mapping[str, tuple[tuple[str, ...], Sequence[Row]]]
_LOOKED_AT = 300
"""Rows of a table that the rules are learned from and that are varied."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds in one table's data."""

    unique: tuple[tuple[int, ...], ...]
    """Columns that tell all rows apart: single ones, else pairs, else the whole row; () where rows repeat."""
    follows: tuple[tuple[Aspect, Aspect], ...]
    """(a, b): equal a means equal b."""
    ordered: tuple[tuple[int, int], ...]
    """(a, b): a <= b."""
    nullable: frozenset[int]
    extremes: tuple[tuple[int | None, int, bool], ...]
    """(by, column, largest): its largest or smallest value stands in one row only; of each group `by`, if given."""

    def hold(self, origin: Sequence[Row], rows: Sequence[Row], new: Row) -> bool:
        """Whether they still hold when this row comes to these, which come from the origin's."""
        if any(any(_at(row, key) == _at(new, key) for row in rows) for key in self.unique if None not in _at(new, key)):
            return False
        if any(new[c] is None for c in range(len(new)) if c not in self.nullable):
            return False
        if any(not _before(new[a], new[b]) for a, b in self.ordered):
            return False
        for a, b in self.follows:
            of, to = _seen(new, a), _seen(new, b)
            if any(_seen(row, a) == of and _seen(row, b) != to for some in (origin, rows) for row in some):
                return False
        return not any(_ties(rows, new, *extreme) for extreme in self.extremes)


def neighbours(tables: Tables, tree: exp.Expr, *, loose: bool, seed: int) -> Iterator[Tables]:
    """Endlessly, the first the same for the same seed. `loose`: rows that are referred to may be missing.

    That is for a reference that finds nothing ("customers without an order"): only a change can tell it from a query
    that never finds anything.
    """
    from sqlglot import exp

    draw = random.Random(seed)
    bounds = _bounds(tree)
    picks = tree.find(exp.Max, exp.Min, exp.Limit, exp.Window) is not None
    tables = {name: (columns, rows[:_LOOKED_AT]) for name, (columns, rows) in tables.items()}
    rules = {name: _learn(columns, rows, bounds, picks=picks) for name, (columns, rows) in tables.items()}
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


def _seen(row: Row, aspect: Aspect) -> Value:
    column, whether_null = aspect
    return row[column] is None if whether_null else row[column]


def _learn(columns: Sequence[str], rows: Sequence[Row], bounds: Mapping[str, list[Value]], *, picks: bool) -> Rules:
    """`picks`: the query asks for largest or smallest ones, so where a group has one of them it must stay one."""
    n = range(len(columns))
    values = [[row[c] for row in rows] for c in n]
    given = [[v for v in column if v is not None] for column in values]
    single = [c for c in n if given[c] and _distinct(iter(given[c]))]
    unique: list[tuple[int, ...]] = [(c,) for c in single]
    if not any(isinstance(v, int | str) for c in single for v in given[c]):  # measurements are no keys
        unique += [pair for pair in combinations(n, 2) if _distinct(_at(row, pair) for row in rows)][:6]
    if not unique and _distinct(iter(rows)):
        unique = [tuple(n)]
    # One NULL says nothing of what comes with it, but that its row lacks other things too is no accident.
    telling = [(c, False) for c in n if c not in single] + [(c, True) for c in n if values[c].count(None) > 1]
    missing = [(c, True) for c in n if None in values[c]]
    aspects = list(dict.fromkeys(telling + missing))
    varying = [a for a in aspects if len({_seen(row, a) for row in rows}) > 1]
    follows = tuple(
        (a, b) for a in aspects for b in varying
        if a[0] != b[0] and (a in telling or b in missing) and _decides(rows, a, b)
    )  # fmt: skip
    ordered = tuple((a, b) for a in n for b in n if a != b and _always_before(values[a], values[b]))
    asked_for_null = {c for c in n if None in bounds.get(columns[c].casefold(), ())}
    nullable = frozenset({c for c in n if None in values[c]} | asked_for_null)
    repeated = [c for c in n if c not in single]
    groups: list[int | None] = [None, *repeated] if picks else [None]
    extremes = tuple(
        (by, c, largest)
        for by in groups for c in repeated for largest in (True, False)
        if c != by and _lone(rows, by, c, largest)
    )  # fmt: skip
    return Rules(tuple(unique), follows, ordered, nullable, extremes)


def _distinct(values: Iterator[object]) -> bool:
    every = list(values)
    return len(set(every)) == len(every)


def _decides(rows: Sequence[Row], a: Aspect, b: Aspect) -> bool:
    found: dict[Value, Value] = {}
    return all(found.setdefault(_seen(row, a), _seen(row, b)) == _seen(row, b) for row in rows)


def _always_before(a: Sequence[Value], b: Sequence[Value]) -> bool:
    pairs = [(x, y) for x, y in zip(a, b, strict=True) if x is not None and y is not None]
    same_kind = len({_kind(v) for pair in pairs for v in pair}) == 1
    return len(pairs) > 1 and same_kind and all(_before(x, y) for x, y in pairs)


def _extreme(values: Sequence[Value], largest: bool) -> Value:
    """The largest or smallest of numbers, or of days; None of anything else."""
    numbers: list[int | float] = [v for v in values if isinstance(v, int | float)]
    days = [v for v in values if isinstance(v, str) and v[:4].isdigit() and v[4:5] == "-"]
    if numbers:
        return max(numbers) if largest else min(numbers)
    return (max(days) if largest else min(days)) if days else None


def _lone(rows: Sequence[Row], by: int | None, column: int, largest: bool) -> bool:
    groups: dict[Value, list[Value]] = {}
    for row in rows:
        groups.setdefault(None if by is None else row[by], []).append(row[column])
    found = [(values, value) for values in groups.values() if (value := _extreme(values, largest)) is not None]
    return bool(found) and all(values.count(value) == 1 for values, value in found)


def _ties(rows: Sequence[Row], new: Row, by: int | None, column: int, largest: bool) -> bool:
    group = [row[column] for row in rows if by is None or row[by] == new[by]]
    return new[column] is not None and new[column] == _extreme(group, largest)


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
        if all(_before(row[a], row[b]) for row in new for a, b in rules.ordered):
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
