"""JSON Schemas, compiled once: nothing is fetched, no pattern runs without end, numbers keep their digits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from fteval.errors import UserError
from fteval.evals.formats import json_text

Violations = Callable[[Any], str | None]
"""The first thing about a value that breaks the schema, in words; None where nothing does."""
_SECONDS = 0.1
"""For one pattern on one text."""


def shape(schema: Any, *, owner: str) -> Violations:
    """The check for a schema: an object, a truth value, or JSON text of one.

    Raises UserError with all that is wrong with it, in `owner`'s name.
    """
    try:
        text = schema if isinstance(schema, str) else json.dumps(schema, sort_keys=True, allow_nan=False, default=dict)
        return _compiled(text)
    except (ValueError, TypeError) as error:
        raise UserError(
            f"{owner}: 'schema' is no JSON Schema: {error}",
            fix="give an object such as {type: object, required: [name]}, or JSON text of one; "
            "only references within it (#/$defs/...) are followed",
        ) from None


@lru_cache(maxsize=1024)
def _compiled(text: str) -> Violations:
    import jsonschema
    from jsonschema.validators import extend, validator_for
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import EMPTY_REGISTRY

    schema = json_text.read(text)
    if not isinstance(schema, dict | bool):
        raise ValueError(f"found {type(schema).__name__}, wanted an object")
    plain = json.loads(text)
    base = validator_for(plain, default=jsonschema.Draft202012Validator)
    found = sorted(base(base.META_SCHEMA).iter_errors(plain), key=lambda e: [str(p) for p in e.absolute_path])
    if found:
        raise ValueError("; ".join(f"{_path(e) or 'the whole'}: {e.message[:200]}" for e in found))
    _check_references(plain, base)
    _check_patterns(plain)
    checker = base.TYPE_CHECKER.redefine("integer", _is_integer)
    keywords = {k: v for k, v in _BOUNDED.items() if k in base.VALIDATORS}
    make: Any = extend  # without types in its stubs
    validator = make(base, keywords, type_checker=checker)(schema, registry=EMPTY_REGISTRY)

    def first_violation(value: Any) -> str | None:
        try:
            error = next(iter(validator.iter_errors(value)), None)
        except Unresolvable as missing:
            raise UserError(
                f"the schema refers to {missing.ref!r}, which it does not hold",
                fix="nothing is fetched: put it in $defs",
            ) from None
        except RecursionError:
            raise UserError("the schema refers to itself without end") from None
        except ArithmeticError:
            return "a number too large to be divided"
        if error is None:
            return None
        at = _path(error)
        return (f"{at}: " if at else "") + str(error.message)[:200]

    return first_violation


def _path(error: Any) -> str:
    return ".".join(str(step) for step in error.absolute_path)[:80]


def _is_integer(checker: Any, value: Any) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, Decimal | float) and value == value // 1)


def _check_references(schema: Any, base: Any) -> None:
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012, EMPTY_REGISTRY, specification_with

    parts = list(_parts(schema))
    if any("$id" in part for part in parts[1:]):
        return  # names of its own: looked up when they are met
    given = base.META_SCHEMA.get("$schema") or ""
    specification = specification_with(given, default=DRAFT202012)
    resolver = EMPTY_REGISTRY.resolver_with_root(specification.create_resource(schema))
    for part in parts:
        reference = part.get("$ref")
        if isinstance(reference, str):
            try:
                resolver.lookup(reference)
            except (Unresolvable, ValueError):
                raise ValueError(f"it refers to {reference!r}, which it does not hold; nothing is fetched") from None


def _check_patterns(schema: Any) -> None:
    from fteval.evals.find.pattern import compiled

    for part in _parts(schema):
        names = part.get("patternProperties")
        for pattern in (part.get("pattern"), *(names if isinstance(names, Mapping) else ())):
            if isinstance(pattern, str):
                compiled(pattern)


def _parts(schema: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(schema, Mapping):
        yield schema
        for key, value in schema.items():
            if key not in ("enum", "const", "default", "examples"):
                yield from _parts(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _parts(value)


# --- keywords that could run for ever ------------------------------------------------------------------


def _matches(pattern: str, text: str) -> bool:
    from fteval.evals.find.pattern import search

    return search(pattern, text, _SECONDS) is not None


def _pattern(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if isinstance(value, str) and not _matches(pattern, value):
        yield ValidationError(f"{value[:60]!r} does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: Any, value: Any, schema: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for pattern, part in patterns.items():
            for key, member in value.items():
                if _matches(pattern, key):
                    yield from validator.descend(member, part, path=key, schema_path=pattern)


def _additional_properties(validator: Any, allowed: Any, value: Any, schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if not isinstance(value, Mapping):
        return
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for key, member in value.items():
        if key in named or any(_matches(pattern, key) for pattern in patterns):
            continue
        if allowed is False:
            yield ValidationError(f"{key[:60]!r} is not allowed")
        elif isinstance(allowed, Mapping):
            yield from validator.descend(member, allowed, path=key)


def _unique_items(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if wanted is True and isinstance(value, list) and len({_key(item) for item in value}) < len(value):
        yield ValidationError("an item stands twice")


def _key(value: Any) -> Any:
    """What two values share exactly when they are one; true is not 1."""
    if isinstance(value, Mapping):
        return frozenset((k, _key(v)) for k, v in value.items())
    if isinstance(value, list):
        return tuple(map(_key, value))
    return (bool, value) if isinstance(value, bool) else value


_BOUNDED = {
    "uniqueItems": _unique_items,
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
}
