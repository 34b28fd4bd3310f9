"""Find a probe or a trainer by name: the name is the file's name, or an entry point's.

A probe is the one class in `fteval/evals/<name>.py` that has `metrics`, `samples` and `score`; other packages add
theirs with the entry point group `fteval.probes` (value: the class). Nothing is imported before it is asked for.
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import importlib.metadata
import importlib.util
import inspect
import keyword
import pkgutil
import re
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any

from fteval.errors import UserError
from fteval.records import Probe


def suggest(word: str, known: Iterable[str]) -> str:
    """ "Did you mean 'lipogram'?", or the whole list when nothing is near."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    return f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(names) or 'none'}."


def probe_names() -> list[str]:
    """Every probe that can be asked for by name, sorted. Imports none of them."""
    return sorted({*_modules("fteval.evals", _is_probe_file), *_entry_points("fteval.probes")})


def probe_class(name: str) -> type[Probe]:
    """The class behind a probe's name. Raises UserError with the nearest name."""
    if name not in probe_names():
        raise UserError(f"no probe named '{name}'. {suggest(name, probe_names())}", fix="`fteval probes` lists all")
    entry = _entry_points("fteval.probes").get(name)
    if entry is not None:
        return typing.cast(type[Probe], entry.load())
    return typing.cast(type[Probe], _one_class(f"fteval.evals.{name}", ("metrics", "samples", "score")))


def probe(name: str, params: Mapping[str, Any] | None = None, *, where: str | None = None) -> Probe:
    """A probe with its parameters checked. Raises UserError naming every wrong parameter at once."""
    cls = probe_class(name)
    return typing.cast(Probe, make(cls, params or {}, owner=f"probe '{name}'", where=where))


def is_generated(data: str) -> bool:
    """Whether `data` names questions of nano's world, as `nano` and `nano:500` do, and no file."""
    return re.fullmatch(r"nano(:[1-9]\d{0,6})?", data) is not None


def trainer_names() -> list[str]:
    """Every trainer that can be asked for by name, sorted."""
    return sorted(_modules("fteval.trainers", _is_trainer_file))


def trainer_module(name: str) -> types.ModuleType:
    """The module of a trainer: it has `Recipe` and `train`. Raises UserError with the nearest name."""
    if name not in trainer_names():
        raise UserError(f"no trainer named '{name}'. {suggest(name, trainer_names())}")
    return importlib.import_module(f"fteval.trainers.{name}")


def make(cls: type, params: Mapping[str, Any], *, owner: str, where: str | None = None) -> Any:
    """An instance of a dataclass from text or YAML values, converted by the fields' types.

    Raises UserError with all unknown names and all values of a wrong type.
    """
    hints = typing.get_type_hints(cls)
    fields = {f.name: f for f in dataclasses.fields(cls) if f.init}
    problems: list[str] = []
    values: dict[str, Any] = {}
    for key, value in params.items():
        name = key.replace("-", "_")
        name += "_" * keyword.iskeyword(name)  # Python has no field called `from`
        if name not in fields:
            problems.append(f"{owner} has no parameter '{key}'. {suggest(name, [f.removesuffix('_') for f in fields])}")
            continue
        try:
            values[name] = convert(value, hints[name])
        except ValueError as error:
            problems.append(f"{owner}: '{key}' {error}")
    for name, field in fields.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and name not in values and not problems:
            problems.append(f"{owner} needs '{name}'")
    if problems:
        raise UserError("\n".join(problems), where=where)
    try:
        return cls(**values)
    except UserError as error:
        raise UserError(error.what, where=error.where or where, fix=error.fix) from None


def convert(value: Any, hint: Any) -> Any:
    """A value as the type that a field wants: text from the command line, or what YAML read.

    Raises ValueError saying what was wanted and what was found.
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        choices = [a for a in arguments if a is not type(None)]
        for choice in choices:
            try:
                return convert(value, choice)
            except ValueError:
                continue
        raise ValueError(f"is {value!r}, wanted one of {', '.join(_type_name(c) for c in choices)}")
    if origin is typing.Literal:
        if value in arguments:
            return value
        raise ValueError(f"is {value!r}, wanted one of {', '.join(map(repr, arguments))}")
    if origin in (tuple, list):
        items = value.split(",") if isinstance(value, str) else value
        if not isinstance(items, list | tuple):
            items = [items]
        made = [convert(item.strip() if isinstance(item, str) else item, arguments[0]) for item in items]
        return tuple(made) if origin is tuple else made
    if hint is bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
    elif hint is int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str):
            try:
                return int(value)
            except ValueError:
                pass
    elif hint is float:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        if isinstance(value, str):
            try:
                return float(value)
            except ValueError:
                pass
    elif hint is str:
        if isinstance(value, str):
            return value
    else:
        return value
    raise ValueError(f"is {value!r}, wanted {_type_name(hint)}")


def _type_name(hint: Any) -> str:
    return {int: "a whole number", float: "a number", bool: "true or false", str: "text"}.get(hint, str(hint))


def _modules(package: str, wanted: typing.Callable[[str], bool]) -> list[str]:
    spec = importlib.util.find_spec(package)
    locations = list(spec.submodule_search_locations or []) if spec else []
    return [m.name for m in pkgutil.iter_modules(locations) if not m.ispkg and wanted(_source(locations, m.name))]


def _source(locations: list[str], name: str) -> str:
    for location in locations:
        try:
            with open(f"{location}/{name}.py", encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            continue
    return ""


def _is_probe_file(source: str) -> bool:
    # Read, not imported: `fteval probes` must not pay for every probe's libraries.
    return "\n    def samples(self" in source and "\n    def score(self" in source


def _is_trainer_file(source: str) -> bool:
    return "\nclass Recipe" in source and "\ndef train(" in source


def _one_class(module_name: str, attributes: tuple[str, ...]) -> type:
    module = importlib.import_module(module_name)
    found = [
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if member.__module__ == module_name and all(hasattr(member, a) for a in attributes)
    ]
    if len(found) != 1:
        raise UserError(f"{module_name} must hold exactly one class with {', '.join(attributes)}; found {len(found)}")
    return found[0]


def _entry_points(group: str) -> dict[str, importlib.metadata.EntryPoint]:
    return {entry.name: entry for entry in importlib.metadata.entry_points(group=group)}
