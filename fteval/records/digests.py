"""One spelling per value, and its digest."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Iterable
from typing import Any

# Identity fields change what a model answers, so they are part of every generation's key;
# runtime fields do not. A test walks every field that a user can set and wants one or the other.
IDENTITY = {"class": "identity"}


RUNTIME = {"class": "runtime"}


def encoder(**given: Any) -> Callable[[Any], str]:
    """`json.JSONEncoder(ensure_ascii=True, **given).encode`; of a value that holds itself it raises RecursionError."""
    plain = json.JSONEncoder(ensure_ascii=True, **given)
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    # Made once: `JSONEncoder.encode` makes one for every call, which takes longer than a short value.
    try:
        pieces = make(
            None, plain.default, json.encoder.encode_basestring_ascii, None,
            plain.key_separator, plain.item_separator, plain.sort_keys, plain.skipkeys, plain.allow_nan,
        )  # fmt: skip
    except TypeError:  # it is not there, or wants something else: nothing promises it
        return plain.encode
    return lambda value: "".join(pieces(value, 0))


_encode = encoder(sort_keys=True, allow_nan=False, separators=(",", ":"))

_decode = json.JSONDecoder().raw_decode


def canonical(value: Any) -> bytes:
    """One spelling per value: sorted keys, ASCII, no NaN. What every digest is taken of.

    Raises ValueError for NaN, infinities and what holds itself, TypeError for what JSON has no word for.
    """
    try:
        return _encode(value).encode("ascii")
    except RecursionError:
        raise ValueError("it holds itself, or is nested too deep") from None


def digest(value: Any) -> str:
    """`sha256:` and the hex digest of the canonical JSON of a value."""
    return digest_of(canonical(value))


def digest_of(spelling: bytes) -> str:
    """The digest of a value by its canonical JSON."""
    return "sha256:" + hashlib.sha256(spelling).hexdigest()


def digest_of_list(spellings: Iterable[bytes]) -> str:
    """The digest of a list by the canonical JSON of what is in it, which is not held."""
    total, mark = hashlib.sha256(b"["), b""
    for spelling in spellings:
        total.update(mark + spelling)
        mark = b","
    total.update(b"]")
    return "sha256:" + total.hexdigest()


def value_of(spelling: bytes) -> Any:
    """The value of a spelling in ASCII that was made here."""
    # Not json.loads: guessing the encoding and skipping white space take longer than the parsing.
    return _decode(spelling.decode("ascii"))[0]


def function_digest(function: Callable[..., Any]) -> str:
    """Of a function's (or a class's) source; of its byte code and constants where there is none."""
    try:
        source = inspect.getsource(function).encode()
    except (OSError, TypeError):
        code = getattr(function, "__code__", None)
        known = (code.co_code, code.co_names, [c for c in code.co_consts if is_plain(c)]) if code else function
        source = repr(known).encode()
    return hashlib.sha256(source).hexdigest()


def is_plain(value: Any) -> bool:
    """Whether a value never changes, and its `repr` says all of it in every process."""
    if isinstance(value, tuple):
        return all(map(is_plain, value))
    return value is None or isinstance(value, bool | int | float | complex | str | bytes)
