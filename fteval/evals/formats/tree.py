"""Trees of data compared: objects without order, arrays with it, numbers by value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from fteval.evals.formats.json_text import nfc


def same(found: Any, wanted: Any) -> bool:
    """Whether two values are one: 1 is 1.0 but not true, text is text letter by letter (NFC).

    A float in `wanted` has lost the digits behind the 17th already, so it equals all that rounds to it.
    """
    if isinstance(wanted, Mapping):
        return (
            isinstance(found, Mapping)
            and len(found) == len(wanted)
            and all((key := nfc(k)) in found and same(found[key], v) for k, v in wanted.items())
        )
    if isinstance(wanted, list | tuple):
        return isinstance(found, list | tuple) and len(found) == len(wanted) and all(map(same, found, wanted))
    return same_scalar(found, wanted)


def same_scalar(found: Any, wanted: Any) -> bool:
    """The same for what holds nothing else."""
    if isinstance(wanted, str):
        return isinstance(found, str) and nfc(found) == nfc(wanted)
    if wanted is None or isinstance(wanted, bool) or found is None or isinstance(found, bool):
        return found is wanted
    if not isinstance(found, int | float | Decimal):
        return False
    if isinstance(wanted, float) and not isinstance(found, float):
        try:
            return float(found) == wanted
        except OverflowError:
            return False
    return bool(found == wanted)


def leaves(value: Any) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """(path, value) of everything that holds nothing else; an empty object or array is such a value."""
    if isinstance(value, Mapping) and value:
        for key, part in value.items():
            for path, leaf in leaves(part):
                yield (nfc(key), *path), leaf
    elif isinstance(value, list | tuple) and value:
        for index, part in enumerate(value):
            for path, leaf in leaves(part):
                yield (index, *path), leaf
    else:
        yield (), value


def n_leaves(value: Any) -> int:
    """How many there are."""
    total, open_ = 0, [value]
    while open_:
        part = open_.pop()
        if isinstance(part, Mapping) and part:
            open_.extend(part.values())
        elif isinstance(part, list | tuple) and part:
            open_.extend(part)
        else:
            total += 1
    return total


_MISSING = object()


def _paired(found: Any, wanted: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[Any, Any, Any]]:
    """(path, what is there, what should be) for every leaf of `wanted`."""
    if isinstance(wanted, Mapping) and wanted:
        for name, part in wanted.items():
            key = nfc(name)
            there = found.get(key, _MISSING) if isinstance(found, Mapping) else _MISSING
            yield from _paired(there, part, (*path, key))
    elif isinstance(wanted, list | tuple) and wanted:
        for index, part in enumerate(wanted):
            there = found[index] if isinstance(found, list | tuple) and index < len(found) else _MISSING
            yield from _paired(there, part, (*path, index))
    else:
        yield path, found, wanted


def leaf_f1(found: Any, wanted: Any) -> float:
    """F1 over the leaves: the share of right ones among those given and those wanted, as one number."""
    hits = sum(there is not _MISSING and same(there, value) for _, there, value in _paired(found, wanted))
    return 2 * hits / (n_leaves(found) + n_leaves(wanted))


def difference(found: Any, wanted: Any) -> str:
    """The first place where they differ, in words; for two that do."""
    for path, there, value in _paired(found, wanted):
        if there is _MISSING:
            return f"{_at(path)} is missing"
        if not same(there, value):
            return f"{_at(path)} is {_short(there)}, wanted {_short(value)}"
    for path, there, _ in _paired(wanted, found):
        if there is _MISSING:
            return f"{_at(path)} is too much"
    return "not of the same shape"


def _at(path: tuple[str | int, ...]) -> str:
    written = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
    return written[:80] or "the whole"


def _short(value: Any) -> str:
    if isinstance(value, Mapping | list | tuple):
        return f"{'an object' if isinstance(value, Mapping) else 'an array'} of {len(value)}"
    text = str(value) if isinstance(value, Decimal) else repr(value[:60] if isinstance(value, str) else value)
    return text if len(text) <= 60 else text[:57] + "..."
