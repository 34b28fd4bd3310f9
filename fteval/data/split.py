"""Rows in training, development and hold-out parts that share nothing: what belongs together stays together.

Rows of one group belong together (paraphrases, conversations, documents), and so do rows that ask the same, or nearly:
two of them in two parts would be a leak.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fteval.data.check.alike import copies, shared, words
from fteval.data.check.rows import Row
from fteval.errors import UserError

GROUPS = ("group", "conversation_id", "document", "doc_id", "thread_id", "source_id")
"""Keys that say what belongs together, where rows have one and nobody names another."""
_ROUNDS = 20
Group = list[int]
"""The places of rows that belong together."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How rows are split."""

    holdout: float = 0.2
    """A share of the rows, or from 1 on their number."""
    dev: float = 0.0
    by: str | None = None
    """The key of what belongs together; None: those of GROUPS."""
    time: str | None = None
    """The key of a time: the newest groups are the hold-out, as in use."""
    stratify: str | None = None
    """The key whose values come in every part about as often as in all rows."""
    seed: int = 0


def parts(rows: Sequence[Mapping[str, Any]], read: Sequence[Row], wanted: Wanted) -> list[str]:
    """`train`, `dev` or `holdout` for each row; `read` are the same rows, as they are compared.

    Raises UserError for a key that a row lacks, for sizes that leave nothing, and where a part stays empty.
    """
    for key in (wanted.by, wanted.time, wanted.stratify):
        missing = next((one.where for one, row in zip(read, rows, strict=True) if key and row.get(key) is None), None)
        if missing is not None:
            raise UserError(f"no {key!r} in this row", where=missing, fix="every row needs the key that it is split by")
    sizes = {"holdout": _size(wanted.holdout, len(rows)), "dev": _size(wanted.dev, len(rows))}
    if sum(sizes.values()) >= len(rows):
        raise UserError(f"{sum(sizes.values())} of {len(rows)} rows for dev and hold-out: nothing is left to train on")
    for name in (name for name, size in sizes.items() if getattr(wanted, name) and not size):
        raise UserError(f"{getattr(wanted, name):g} of {len(rows)} rows is not one: no {name}", fix=f"--{name} 1")
    links = list(_alike(read))
    for _ in range(_ROUNDS):
        chosen = _chosen(_strata(groups(rows, read, wanted.by, links), rows, wanted.stratify), rows, sizes, wanted)
        _check(chosen, sizes)
        leaks = list(_leaks(chosen, read))
        if not leaks:
            return chosen
        links += leaks
    raise UserError("rows that are alike are found in two parts again and again", fix="fteval data convert --unique")


def _chosen(
    strata: Sequence[list[Group]], rows: Sequence[Mapping[str, Any]], sizes: Mapping[str, int], wanted: Wanted
) -> list[str]:
    chosen = ["train"] * len(rows)
    for stratum in strata:
        left = _ordered(stratum, rows, wanted)
        share = sum(map(len, stratum)) / len(rows)
        for part, size in sizes.items():
            taken, left = _taken(left, round(size * share), whole=wanted.time is not None)
            for at in (at for group in taken for at in group):
                chosen[at] = part
    return chosen


def _leaks(chosen: Sequence[str], read: Sequence[Row]) -> Iterator[tuple[int, int]]:
    """Rows of two parts that `fteval data check` would find alike: it looks at every pair."""
    places = {part: [at for at, name in enumerate(chosen) if name == part] for part in ("holdout", "dev", "train")}
    for one, others in (("holdout", ("train", "dev")), ("dev", ("train",))):
        for other in others:
            found = shared([read[at] for at in places[one]], [read[at] for at in places[other]])
            yield from ((places[one][pair.one], places[other][pair.other]) for pair in found.values())


def groups(
    rows: Sequence[Mapping[str, Any]],
    read: Sequence[Row],
    by: str | None = None,
    links: Iterable[tuple[int, int]] | None = None,
) -> list[Group]:
    """What belongs together, in the order of the first rows; `links` are the pairs that are alike, None: looked for."""
    parent = list(range(len(rows)))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    first: dict[Any, int] = {}
    for at, row in enumerate(rows):
        said = [(key, str(row[key])) for key in ((by,) if by else GROUPS) if row.get(key) is not None]
        for key in (*said, words(read[at].context)):
            parent[root(at)] = root(first.setdefault(key, at))
    for one, other in _alike(read) if links is None else links:
        parent[root(other)] = root(one)
    made: dict[int, Group] = defaultdict(list)
    for at in range(len(rows)):
        made[root(at)].append(at)
    return list(made.values())


def _alike(read: Sequence[Row]) -> Iterator[tuple[int, int]]:
    return ((pair.one, pair.other) for pair in copies(read))


def _size(given: float, n: int) -> int:
    return round(given) if given >= 1 else round(given * n)


def _strata(found: list[Group], rows: Sequence[Mapping[str, Any]], key: str | None) -> list[list[Group]]:
    """Groups by the value of their first row; all in one without a key."""
    made: dict[str, list[Group]] = defaultdict(list)
    for group in found:
        made[str(rows[group[0]][key]) if key else ""].append(group)
    return list(made.values())


def _ordered(found: list[Group], rows: Sequence[Mapping[str, Any]], wanted: Wanted) -> list[Group]:
    """Newest first where there is a time, else drawn."""
    shuffled = random.Random(f"split {wanted.seed} {found[0][0]}").sample(found, len(found))
    if wanted.time is None:
        return shuffled
    told = _times([row[wanted.time] for row in rows])
    return sorted(shuffled, key=lambda group: max(told[at] for at in group), reverse=True)


def _times(given: Sequence[Any]) -> list[Any]:
    """As they sort: numbers by their size, also where a table has made texts of them; ISO 8601 as text."""
    try:
        return [float(time) for time in given]
    except (TypeError, ValueError):
        return [str(time) for time in given]


def _taken(left: list[Group], room: int, whole: bool) -> tuple[list[Group], list[Group]]:
    """Groups that fit into so many rows, and the others; with `whole` the first ones, whatever the last one's size."""
    taken: list[Group] = []
    others: list[Group] = []
    for group in left:
        fits = room > 0 if whole else len(group) <= room
        (taken if fits else others).append(group)
        room -= len(group) if fits else 0
    return taken, others


def _check(chosen: Sequence[str], sizes: Mapping[str, int]) -> None:
    for part in ("train", *sizes):
        if part not in chosen and sizes.get(part, 1):
            what = f"nothing is left for {part}: too much belongs together"
            raise UserError(what, fix="`fteval data check` says which rows are alike; --by names another key")
