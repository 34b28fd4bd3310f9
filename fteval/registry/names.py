"""Where things are found by name: files of a folder, and entry points of other packages, which may be broken."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import importlib.util
import inspect
import pkgutil
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fteval.errors import UserError, suggest

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


class Unusable(UserError):
    """A thing of another package that does not work, or that takes a name which is taken."""


PROBE = ("metrics", "samples", "score")
ALTERNATIVE = ("version", "on")
MODULES: dict[str, dict[str, Any]] = {
    "trainer": {"Recipe": type, "train": Callable},
    "engine": {"open_engine": Callable},
    "report": {"ENDING": str, "WHAT": str, "render": Callable},
    "exporter": {"PLACE": str, "WHAT": str, "check": Callable, "export": Callable},
}
"""What a module of another package must have."""
ENGINE = ("ref", "identity", "prompt", "generate", "loglikelihood", "close")
FOLDERS = {
    "probe": "fteval.evals",
    "trainer": "fteval.trainers",
    "engine": "fteval.engines.schemes",
    "report": "fteval.reports.files",
    "exporter": "fteval.reports.exporters",
    "alternative": "fteval.alternatives",
}
APART = {
    "benchmark": "fteval.benchmarks.benchmark",
    "benchmark_log": "fteval.benchmarks.benchmark_log",
    "scores": "fteval.benchmarks.scores",
}
"""Probes that are none by their name alone, so that no list shows them: where they are."""
PREFIXES = {"engine": ("hf", "ft", "openai", "http", "https", "nano"), "probe": tuple(APART)}
"""Names that fteval gives a meaning without a file of that name."""


def known(kind: str) -> list[str]:
    return sorted({*own(kind), *plugins(kind)})


@functools.cache
def own(kind: str) -> list[str]:
    """fteval's own: every module of the folder that does not begin with an underscore."""
    spec = importlib.util.find_spec(FOLDERS[kind])
    locations = list(spec.submodule_search_locations or []) if spec else []
    return [m.name for m in pkgutil.iter_modules(locations) if not m.ispkg and not m.name.startswith("_")]


def only_class(module_name: str, attributes: tuple[str, ...]) -> type:
    made = importlib.import_module(module_name)
    classes = [
        member
        for _, member in inspect.getmembers(made, inspect.isclass)
        if member.__module__ == module_name and all(hasattr(member, a) for a in attributes)
    ]
    if len(classes) != 1:
        raise UserError(f"{module_name} must hold exactly one class with {', '.join(attributes)}; found {len(classes)}")
    return classes[0]


def entry_points(kind: str) -> list[EntryPoint]:
    return _entry_points_on(tuple(sys.path), f"fteval.{kind}s")


@functools.lru_cache(maxsize=16)
def _entry_points_on(path: tuple[str, ...], group: str) -> list[EntryPoint]:
    # A distribution may be on the path twice, as it is after an editable install; it does not clash with itself.
    from importlib.metadata import entry_points

    every = entry_points(group=group)
    return list({(entry.name, entry.value, package(entry)): entry for entry in every}.values())


def plugins(kind: str) -> dict[str, list[EntryPoint]]:
    """Name -> the entry points that claim it."""
    claims: dict[str, list[EntryPoint]] = {}
    for entry in entry_points(kind):
        claims.setdefault(entry.name, []).append(entry)
    return claims


def plugin(kind: str, name: str) -> EntryPoint | None:
    """The entry point behind a name; None for one of fteval's own. Raises UserError for none and for a name with two
    owners: which of them is measured must not depend on the order of installing."""
    ours = name in own(kind) or name.lower() in PREFIXES.get(kind, ())
    claims = plugins(kind).get(name, [])
    if not ours and not claims:
        fix = f"`fteval {kind}s` lists all" if kind == "probe" else None
        raise UserError(f"no {kind} named '{name}'. {suggest(name, known(kind))}", fix=fix)
    owners = [*(["fteval"] if ours else []), *map(package, claims)]
    if len(owners) > 1:
        raise Unusable(
            f"{kind} '{name}' is claimed by {' and by '.join(owners)}",
            fix=f"uninstall {' or '.join(o for o in owners if o != 'fteval')}, or let it choose another name",
        )
    return claims[0] if claims else None


def package(entry: EntryPoint) -> str:
    return f"the package {entry.dist.name} {entry.dist.version}" if entry.dist else f"the entry point {entry.value}"


def plugin_class(entry: EntryPoint, kind: str) -> type:
    """The class behind an entry point, which is a probe's or an alternative's."""
    fields, methods = _CLASSES[kind]
    loaded = _loaded(entry)
    if not inspect.isclass(loaded):
        raise useless(entry, f"{_A[kind]} is a class, and that is {type(loaded).__name__}")
    missing = [a for a in fields if not hasattr(loaded, a)]
    missing += [a for a in methods if not callable(getattr(loaded, a, None))]
    if missing or not dataclasses.is_dataclass(loaded):
        what = f"it has no {', '.join(missing)}" if missing else "it is no dataclass"
        wanted = [*fields, *(f"{method}()" for method in methods)]
        raise useless(entry, f"{_A[kind]} is a dataclass with {', '.join(wanted[:-1])} and {wanted[-1]}, and {what}")
    return loaded


_CLASSES = {"probe": (("metrics",), ("samples", "score")), "alternative": (("version",), ("on",))}
_A = {"probe": "a probe", "alternative": "an alternative"}


def module(kind: str, name: str) -> Any:
    entry = plugin(kind, name)
    if entry is None:
        return importlib.import_module(f"{FOLDERS[kind]}.{name}")
    loaded, wanted = _loaded(entry), MODULES[kind]
    if any(not isinstance(getattr(loaded, name, None), type_) for name, type_ in wanted.items()):
        needed = " and ".join(f"{_KINDS[type_]} {name}" for name, type_ in wanted.items())
        raise useless(entry, f"its module needs {needed}")
    return loaded


_KINDS = {type: "a class", Callable: "a function", str: "a text"}


def _loaded(entry: EntryPoint) -> Any:
    try:
        return entry.load()
    except (Exception, SystemExit) as error:  # another's code may fail in any way, and nothing else rests on it
        raise useless(entry, f"{type(error).__name__}: {error}") from error


def useless(entry: EntryPoint, why: str) -> Unusable:
    return Unusable(
        f"{entry.group.removeprefix('fteval.').removesuffix('s')} '{entry.name}' of {package(entry)} cannot be used "
        f"({entry.value}): {why}",
        fix="mend or uninstall that package; --debug shows where it fails",
    )
