"""Trees of data compared: objects without order, arrays with it, numbers by value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from fteval.evals.json_text import nfc


def same(found: Any, wanted: Any) -> bool:
    """Whether two values are one: 1 is 1.0 but not true, text is text letter by letter (NFC).

    A float in `wanted` has lost the digits behind the 17th already, so it equals all that rounds to it.
    """
    if isinstance(wanted, Mapping):
        return (
            isinstance(found, Mapping)
            and len(found) == len(wanted)
            and all(k in found and same(found[k], v) for k, v in wanted.items())
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


def leaf_f1(found: Any, wanted: Any) -> float:
    """F1 over the leaves: the share of right ones among those given and those wanted, as one number."""
    given, right = dict(leaves(found)), dict(leaves(wanted))
    hits = sum(1 for path, value in right.items() if path in given and same(given[path], value))
    return 2 * hits / (len(given) + len(right))


def difference(found: Any, wanted: Any) -> str:
    """The first place where they differ, in words; for two that do."""
    given, right = dict(leaves(found)), dict(leaves(wanted))
    for path, value in right.items():
        if path not in given:
            return f"{_at(path)} is missing or of another shape"
        if not same(given[path], value):
            return f"{_at(path)} is {_short(given[path])}, wanted {_short(value)}"
    for path in given:
        if path not in right:
            return f"{_at(path)} is too much"
    return "not the same data"


def _at(path: tuple[str | int, ...]) -> str:
    written = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
    return written[:80] or "the whole"


def _short(value: Any) -> str:
    text = str(value) if isinstance(value, Decimal) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
