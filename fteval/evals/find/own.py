"""A scorer of the user's: a Python function of an output and its target."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import regex

from fteval.errors import UserError
from fteval.records import Sample
from fteval.records.digests import function_digest, is_plain

_NAMED = regex.compile(r"(?P<file>.+\.py):(?P<name>[A-Za-z_]\w*)")


@dataclass(frozen=True, slots=True)
class OwnScorer:
    """`function(output, target)`, or `function(output, target, sample)`: a share from 0 to 1, True or False, None for
    what it cannot judge, or one of these with a reason. The target is the row's, as it stands there."""

    name: str
    function: Callable[..., Any]
    source: str
    """Digest of the file that it stands in, or of its own lines and the values that they refer to: another source is
    another probe."""

    def __call__(self, output: str, sample: Sample) -> tuple[float | None, str]:
        """Value and reason. Raises ValueError for what is neither; whatever the function raises goes through."""
        more = (sample,) if self._takes_sample() else ()
        found = self.function(output, sample.target, *more)
        value, why = found if isinstance(found, tuple) and len(found) == 2 else (found, "")
        if value is None:
            return None, str(why) or f"{self.name} gave none"
        if not isinstance(value, bool | int | float) or math.isnan(value):
            raise ValueError(f"{self.name} returned {value!r}, wanted a number from 0 to 1, True, False or None")
        return float(value), str(why)

    def _takes_sample(self) -> bool:
        kinds = [p.kind for p in inspect.signature(self.function).parameters.values()]
        return kinds.count(inspect.Parameter.POSITIONAL_OR_KEYWORD) > 2 or inspect.Parameter.VAR_POSITIONAL in kinds


def is_named(text: str) -> bool:
    """Whether a scorer's name is that of a function in a file, as in `mine.py:close_enough`."""
    return _NAMED.fullmatch(text) is not None


def with_code(params: Mapping[str, Any]) -> dict[str, Any]:
    """A probe's parameters with every scorer `file.py:name` loaded, those of a probe inside another one too; and a
    recipe's with every such reward.

    Runs the files' code, so call it only where the user has allowed that. Raises UserError for a file or a function
    that is not there.
    """
    found = dict(params)
    given = found.get("score")
    if isinstance(given, str):
        given = [name.strip() for name in given.split(",")]
    if isinstance(given, list | tuple):
        found["score"] = tuple(_from_file(s) if isinstance(s, str) and is_named(s) else s for s in given)
    if isinstance(found.get("params"), Mapping):
        found["params"] = with_code(found["params"])
    if isinstance(found.get("python"), str) and is_named(found["python"]):
        found["python"] = _from_file(found["python"])
    if isinstance(found.get("rewards"), str):
        found["rewards"] = [name.strip() for name in found["rewards"].split(",")]
    if isinstance(found.get("rewards"), list | tuple):
        given = ({"python": r} if isinstance(r, str) and is_named(r) else r for r in found["rewards"])
        found["rewards"] = tuple(with_code(r) if isinstance(r, Mapping) else r for r in given)
    return found


def of_function(function: Callable[..., Any]) -> OwnScorer:
    """The scorer of a function that is passed in Python."""
    name = getattr(function, "__name__", "")
    if not name.isidentifier():
        raise UserError("a scorer needs a name, which its metric is called by", fix="give a function made with def")
    source, outside = function_digest(function), _outside(function)
    if outside:
        source = hashlib.sha256(f"{source} {outside!r}".encode("utf-8", "surrogatepass")).hexdigest()
    return OwnScorer(name, function, source)


def _outside(function: Callable[..., Any]) -> list[tuple[str, Any]]:
    """What a function takes from around it, where that is plain: one `def` makes scorers of several thresholds."""
    if not inspect.isroutine(function):
        named = getattr(function, "__dict__", {})  # of an object that is called
    else:
        try:
            found = inspect.getclosurevars(function)
        except (TypeError, ValueError):  # not written in Python; a variable that has no value yet
            return []
        named = {**found.globals, **found.nonlocals}
    return [(name, named[name]) for name in sorted(named) if is_plain(named[name])]


def _from_file(text: str) -> OwnScorer:
    named = _NAMED.fullmatch(text)
    assert named is not None
    path = Path(named["file"]).expanduser()
    try:
        source = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}", fix="name the file of the scorer") from None
    spec = importlib.util.spec_from_file_location(f"fteval_scorer_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # anybody's code
        raise UserError(f"{path} fails: {type(error).__name__}: {error}") from error
    function = getattr(module, named["name"], None)
    if not callable(function):
        raise UserError(f"{path} has no function {named['name']!r}")
    return OwnScorer(named["name"], function, hashlib.sha256(source.replace(b"\r\n", b"\n")).hexdigest())
