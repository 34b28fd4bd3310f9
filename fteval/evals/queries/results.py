"""Whether two queries returned the same, over several databases at once."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fteval.evals.queries.sqlite import Row, Value

ABSOLUTE, RELATIVE = 1e-6, 1e-9
"""Two numbers are equal when they are this near."""
_TRIED = 200
"""Orders of the columns that are tried."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an answer must return on one database."""

    rows: tuple[Row, ...]
    """In the reference's order."""
    ties: tuple[tuple[Row, ...], ...] = ()
    """Where order is asked: all rows, tie by tie; rows of one tie may stand in any order."""
    skipped: int = 0
    """Rows of `ties` before the first wanted one (OFFSET)."""
    ordered: bool = False

    @property
    def cuts_a_tie(self) -> bool:
        """Whether LIMIT leaves open which of several equal rows are wanted."""
        end, place = self.skipped + len(self.rows), 0
        for tie in self.ties:
            for edge in (self.skipped, end):
                if place < edge < place + len(tie) and len(set(map(_rounded, tie))) > 1:
                    return True
            place += len(tie)
        return False


def difference(found: Sequence[Sequence[Row]], wanted: Sequence[Wanted]) -> str | None:
    """How the results differ, None where one order of the columns makes them the same on every database."""
    width, given = _width(row for w in wanted for row in w.rows), _width(row for rows in found for row in rows)
    for rows, w in zip(found, wanted, strict=True):
        if len(rows) != len(w.rows):
            return f"{_rows(len(rows))}, wanted {len(w.rows)}"
    if width is None:
        return None
    if width != given:
        return f"{given} columns, wanted {width}" if given != 1 else f"one column, wanted {width}"
    if not any(map(_misfit, found, wanted)):  # as most right answers stand: no order needs to be sought
        return None
    why = None
    for n, order in enumerate(_orders(found, wanted, width)):
        turned = [[tuple(row[c] for c in order) for row in rows] for rows in found]
        misfit = next((m for rows, w in zip(turned, wanted, strict=True) if (m := _misfit(rows, w))), None)
        if misfit is None:
            return None
        why = why or misfit
        if n >= _TRIED:
            break
    return why or next((m for rows, w in zip(found, wanted, strict=True) if (m := _misfit(rows, w))), "other values")


def _rows(n: int) -> str:
    return "no row" if n == 0 else "one row" if n == 1 else f"{n} rows"


def _width(rows: Iterator[Row]) -> int | None:
    return next((len(row) for row in rows), None)


def _orders(found: Sequence[Sequence[Row]], wanted: Sequence[Wanted], width: int) -> Iterator[tuple[int, ...]]:
    """Orders of the answer's columns in which each holds its counterpart's values, as they stand first."""
    if any(w.cuts_a_tie for w in wanted):
        yield tuple(range(width))
        return
    fitting = []
    for c in range(width):
        column = [[(row[c],) for row in w.rows] for w in wanted]
        fitting.append([
            d for d in (c, *(i for i in range(width) if i != c))
            if all(_same_rows([(row[d],) for row in rows], col) for rows, col in zip(found, column, strict=True))
        ])  # fmt: skip
    yield from _choices(fitting, ())


def _choices(fitting: Sequence[Sequence[int]], chosen: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    if len(chosen) == len(fitting):
        yield chosen
        return
    for column in fitting[len(chosen)]:
        if column not in chosen:
            yield from _choices(fitting, (*chosen, column))


def _misfit(rows: Sequence[Row], wanted: Wanted) -> str | None:
    if not wanted.ordered:
        return None if _same_rows(rows, wanted.rows) else _other(rows, wanted.rows)
    place = 0
    for tie in wanted.ties:
        start, end = max(place, wanted.skipped), min(place + len(tie), wanted.skipped + len(wanted.rows))
        place += len(tie)
        if end <= start:
            continue
        part = rows[start - wanted.skipped : end - wanted.skipped]
        if not (_same_rows(part, tie) if len(part) == len(tie) else _within(part, tie)):
            return "right rows in another order" if _same_rows(rows, wanted.rows) else _other(rows, wanted.rows)
    return None


def _other(rows: Sequence[Row], wanted: Sequence[Row]) -> str:
    counts = Counter(map(_rounded, wanted))
    for row in rows:
        if not counts[_rounded(row)]:
            return f"returns {_shown(row)}" + (f", wanted {_shown(wanted[0])}" if len(wanted) == 1 else ", not wanted")
        counts[_rounded(row)] -= 1
    return "other values"


def _shown(row: Row) -> str:
    return repr(row)[:80]


def _same_rows(rows: Sequence[Row], wanted: Sequence[Row]) -> bool:
    """The same rows as often, in any order."""
    if tuple(rows) == tuple(wanted):
        return True
    if Counter(map(_rounded, rows)) == Counter(map(_rounded, wanted)):
        return True
    pairs = zip(sorted(rows, key=_sorting), sorted(wanted, key=_sorting), strict=False)
    return len(rows) == len(wanted) and all(all(map(_equal, a, b)) for a, b in pairs)


def _within(rows: Sequence[Row], wanted: Sequence[Row]) -> bool:
    return Counter(map(_rounded, rows)) <= Counter(map(_rounded, wanted))


def _equal(a: Value, b: Value) -> bool:
    if isinstance(a, int | float) and isinstance(b, int | float):
        return a == b or math.isclose(a, b, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return type(a) is type(b) and a == b


def _rounded(row: Row) -> Row:
    return tuple(
        f"{value:.12g}" + " as a number" if isinstance(value, float) and not value.is_integer() else value
        for value in row
    )


def _sorting(row: Row) -> tuple[tuple[int, float, str], ...]:
    return tuple(
        (0, 0.0, "") if v is None else (1, float(v), "") if isinstance(v, int | float) else (2, 0.0, repr(v))
        for v in row
    )
