"""What holds in a table's data: keys, references, what follows from what, what is missing together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from fteval.evals.queries.sqlite import Row, Value

Aspect = tuple[int, bool]
"""A column's value, or (True) only whether it is NULL."""
Tables = Mapping[str, tuple[tuple[str, ...], Sequence[Row]]]


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
        if any(not before(new[a], new[b]) for a, b in self.ordered):
            return False
        for a, b in self.follows:
            of, to = _seen(new, a), _seen(new, b)
            if any(_seen(row, a) == of and _seen(row, b) != to for some in (origin, rows) for row in some):
                return False
        return not any(_ties(rows, new, *extreme) for extreme in self.extremes)


def _at(row: Row, key: Sequence[int]) -> Row:
    return tuple(row[c] for c in key)


def _kind(value: Value) -> str:
    return "number" if isinstance(value, int | float) else type(value).__name__


def before(a: Value, b: Value) -> bool:
    return a is None or b is None or (_kind(a) == _kind(b) and a <= b)  # type: ignore[operator]


def _seen(row: Row, aspect: Aspect) -> Value:
    column, whether_null = aspect
    return row[column] is None if whether_null else row[column]


def learned(columns: Sequence[str], rows: Sequence[Row], bounds: Mapping[str, list[Value]], *, picks: bool) -> Rules:
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
    return len(pairs) > 1 and same_kind and all(before(x, y) for x, y in pairs)


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


def links_of(tables: Tables, rules: Mapping[str, Rules]) -> list[Link]:
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
