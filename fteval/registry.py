"""Find a probe, a trainer, an engine or a report format by name: the name is the file's name, or an entry point's.

A probe is the one class in `fteval/evals/<name>.py` that has `metrics`, `samples` and `score`; other packages add
theirs with the entry point group `fteval.probes` (value: the class). The others are modules: a trainer has `Recipe` and
`train` (group `fteval.trainers`), an engine `open_engine` (`fteval.engines`, the name is the prefix of its refs), a
report format `ENDING`, `WHAT` and `render` (`fteval.reports`). Nothing is imported before it is asked for.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import importlib
import importlib.metadata
import importlib.util
import inspect
import keyword
import pkgutil
import re
import sys
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from fteval.errors import UserError
from fteval.records import Engine, EnginePool, EngineScheme, Metric, Probe, ReportFormat


class Unusable(UserError):
    """A thing of another package that does not work, or that takes a name which is taken."""


def suggest(word: str, known: Iterable[str]) -> str:
    """ "Did you mean 'lipogram'?", or the whole list when nothing is near."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    return f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(names) or 'none'}."


def probe_names() -> list[str]:
    """Every probe that can be asked for by name, sorted. Imports none of them."""
    return _names("probe")


def probe_class(name: str) -> type[Probe]:
    """The class behind a probe's name.

    Raises UserError with the nearest name; for one of another package that cannot be used, with what is wrong and
    whose it is.
    """
    plugin = _plugin("probe", name)
    if plugin is not None:
        return typing.cast(type[Probe], _plugin_probe(plugin))
    return typing.cast(type[Probe], _one_class(f"fteval.evals.{name}", PROBE))


def unusable(name: str) -> str | None:
    """Why a probe cannot be used whatever its parameters, in a line; None for one that can."""
    try:
        probe(name)
    except Unusable as error:
        return error.what
    except UserError:
        return None  # it only needs to be told more
    return None


def registered_name(cls: type) -> str:
    """The name under which `probe_class` finds a class again: its file's, or its entry point's."""
    for entry in () if cls.__module__.startswith("fteval.evals.") else _entry_points("probe"):
        module, _, path = entry.value.partition(":")
        made: Any = sys.modules.get(module)  # what has been asked for is loaded; nothing else is imported
        for attribute in path.split("."):
            made = getattr(made, attribute, None)
        if made is cls:
            return entry.name
    return cls.__module__.rpartition(".")[2]


def probe(name: str, params: Mapping[str, Any] | None = None, *, where: str | None = None) -> Probe:
    """A probe with its parameters checked. Raises UserError naming every wrong parameter at once."""
    cls, owner = placed(probe_class, name, where), f"probe '{name}'"
    plugin = _plugin("probe", name)
    if plugin is None:
        return typing.cast(Probe, make(cls, params or {}, owner=owner, where=where))
    try:
        made = typing.cast(Probe, make(cls, params or {}, owner=owner, where=where))
        # Where the metrics follow from the samples, there are none yet.
        sound = hasattr(cls, "for_samples") or [m for m in made.metrics if isinstance(m, Metric) and m.primary]
    except UserError:
        raise
    except Exception as error:  # another's code may fail in any way
        raise _useless(plugin, f"{type(error).__name__}: {error}") from error
    if not sound:
        raise _useless(plugin, "none of its metrics is the primary one: Metric(name, primary=True)")
    return made


def placed(find: Callable[[str], Any], name: str, where: str | None) -> Any:
    """What `find` makes of a name; its UserError says where the name stands."""
    try:
        return find(name)
    except UserError as error:
        raise type(error)(error.what, where=error.where or where, fix=error.fix) from None


def is_generated(data: str) -> bool:
    """Whether `data` names questions of nano's world, as `nano` and `nano:500` do, and no file."""
    return re.fullmatch(r"nano(:[1-9]\d{0,6})?", data) is not None


def trainer_names() -> list[str]:
    """Every trainer that can be asked for by name, sorted. Imports none of them."""
    return _names("trainer")


def trainer_module(name: str) -> types.ModuleType:
    """The module of a trainer: it has `Recipe` and `train`. Raises UserError as `probe_class` does."""
    return typing.cast(types.ModuleType, _module("trainer", name))


def prefixes() -> list[str]:
    """What may stand before the colon of a model ref, sorted. Imports no engine."""
    return sorted({*_names("engine"), *PREFIXES["engine"]})


def scheme(ref: str) -> str | None:
    """The prefix of a model ref that an engine of its own answers; None for refs that fteval reads itself.

    Raises UserError for a prefix with two owners, as `hf` is when a package brings an engine of that name.
    """
    name, colon, _ = ref.partition(":")
    if not colon or name not in _names("engine"):
        return None
    _plugin("engine", name)
    return name


def engine(ref: str, pool: EnginePool) -> Engine:
    """The engine for a ref that has a `scheme`. Raises UserError as `probe` does."""
    name = ref.partition(":")[0]
    plugin = _plugin("engine", name)
    module: EngineScheme = _module("engine", name)
    if plugin is None:
        return module.open_engine(ref, pool)
    try:
        made = module.open_engine(ref, pool)
    except UserError:
        raise
    except Exception as error:  # another's code may fail in any way
        raise _useless(plugin, f"{type(error).__name__}: {error}") from error
    missing = [name for name in ENGINE if not hasattr(made, name)]
    if missing:
        raise _useless(plugin, f"open_engine gave {type(made).__name__}, which has no {', '.join(missing)}")
    if made.ref != ref:
        raise _useless(plugin, f"its ref is {made.ref!r}, and must be the text that it was opened with: {ref!r}")
    return made


@dataclasses.dataclass(frozen=True, slots=True)
class Formats:
    """Of report files."""

    usable: Mapping[str, ReportFormat]
    """By the ending of such files."""
    unusable: Sequence[str]
    """Why others are not, a line each."""


def report_formats() -> Formats:
    """Every format of report files. Imports all of them."""
    owners: dict[str, list[tuple[str, ReportFormat]]] = {}
    unusable = []
    for name in _names("report"):
        try:
            plugin = _plugin("report", name)
            made: ReportFormat = _module("report", name)
        except Unusable as error:
            unusable.append(error.what)
            continue
        owners.setdefault(made.ENDING, []).append((_package(plugin) if plugin else "fteval", made))
    for ending, claims in owners.items():
        if len(claims) > 1:
            unusable.append(f"reports in {ending} are claimed by {' and by '.join(owner for owner, _ in claims)}")
    return Formats({ending: claims[0][1] for ending, claims in sorted(owners.items()) if len(claims) == 1}, unusable)


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


# --- where they are found -------------------------------------------------------------------------

PROBE = ("metrics", "samples", "score")
MODULES: dict[str, dict[str, Any]] = {
    "trainer": {"Recipe": type, "train": Callable},
    "engine": {"open_engine": Callable},
    "report": {"ENDING": str, "WHAT": str, "render": Callable},
}
"""What a module of another package must have."""
ENGINE = ("ref", "identity", "prompt", "generate", "loglikelihood", "close")
FOLDERS = {
    "probe": "fteval.evals",
    "trainer": "fteval.trainers",
    "engine": "fteval.engines.schemes",
    "report": "fteval.reports.files",
}
PREFIXES = {"engine": ("hf", "ft", "openai", "http", "https", "nano")}
"""Names that fteval gives a meaning without a file of that name."""


def _names(kind: str) -> list[str]:
    return sorted({*_own(kind), *_plugins(kind)})


@functools.cache
def _own(kind: str) -> list[str]:
    """fteval's own: every module of the folder that does not begin with an underscore."""
    spec = importlib.util.find_spec(FOLDERS[kind])
    locations = list(spec.submodule_search_locations or []) if spec else []
    return [m.name for m in pkgutil.iter_modules(locations) if not m.ispkg and not m.name.startswith("_")]


def _one_class(module_name: str, attributes: tuple[str, ...]) -> type:
    module = importlib.import_module(module_name)
    classes = [
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if member.__module__ == module_name and all(hasattr(member, a) for a in attributes)
    ]
    if len(classes) != 1:
        raise UserError(f"{module_name} must hold exactly one class with {', '.join(attributes)}; found {len(classes)}")
    return classes[0]


# --- those of other packages ----------------------------------------------------------------------


def _entry_points(kind: str) -> list[importlib.metadata.EntryPoint]:
    return _entry_points_on(tuple(sys.path), f"fteval.{kind}s")


@functools.lru_cache(maxsize=16)
def _entry_points_on(path: tuple[str, ...], group: str) -> list[importlib.metadata.EntryPoint]:
    # A distribution may be on the path twice, as it is after an editable install; it does not clash with itself.
    every = importlib.metadata.entry_points(group=group)
    return list({(entry.name, entry.value, _package(entry)): entry for entry in every}.values())


def _plugins(kind: str) -> dict[str, list[importlib.metadata.EntryPoint]]:
    """Name -> the entry points that claim it."""
    claims: dict[str, list[importlib.metadata.EntryPoint]] = {}
    for entry in _entry_points(kind):
        claims.setdefault(entry.name, []).append(entry)
    return claims


def _plugin(kind: str, name: str) -> importlib.metadata.EntryPoint | None:
    """The entry point behind a name; None for one of fteval's own. Raises UserError for none and for a name with two
    owners: which of them is measured must not depend on the order of installing."""
    own = name in _own(kind) or name.lower() in PREFIXES.get(kind, ())
    claims = _plugins(kind).get(name, [])
    if not own and not claims:
        fix = f"`fteval {kind}s` lists all" if kind == "probe" else None
        raise UserError(f"no {kind} named '{name}'. {suggest(name, _names(kind))}", fix=fix)
    owners = [*(["fteval"] if own else []), *map(_package, claims)]
    if len(owners) > 1:
        raise Unusable(
            f"{kind} '{name}' is claimed by {' and by '.join(owners)}",
            fix=f"uninstall {' or '.join(o for o in owners if o != 'fteval')}, or let it choose another name",
        )
    return claims[0] if claims else None


def _package(entry: importlib.metadata.EntryPoint) -> str:
    return f"the package {entry.dist.name} {entry.dist.version}" if entry.dist else f"the entry point {entry.value}"


def _plugin_probe(entry: importlib.metadata.EntryPoint) -> type:
    loaded = _loaded(entry)
    if not inspect.isclass(loaded):
        raise _useless(entry, f"a probe is a class, and that is {type(loaded).__name__}")
    missing = [a for a in PROBE if not hasattr(loaded, a) or (a != "metrics" and not callable(getattr(loaded, a)))]
    if missing or not dataclasses.is_dataclass(loaded):
        what = f"it has no {', '.join(missing)}" if missing else "it is no dataclass"
        raise _useless(entry, f"a probe is a dataclass with metrics, samples() and score(), and {what}")
    return loaded


def _module(kind: str, name: str) -> Any:
    plugin = _plugin(kind, name)
    if plugin is None:
        return importlib.import_module(f"{FOLDERS[kind]}.{name}")
    loaded, wanted = _loaded(plugin), MODULES[kind]
    if any(not isinstance(getattr(loaded, name, None), type_) for name, type_ in wanted.items()):
        needed = " and ".join(f"{_KINDS[type_]} {name}" for name, type_ in wanted.items())
        raise _useless(plugin, f"its module needs {needed}")
    return loaded


_KINDS = {type: "a class", Callable: "a function", str: "a text"}


def _loaded(entry: importlib.metadata.EntryPoint) -> Any:
    try:
        return entry.load()
    except (Exception, SystemExit) as error:  # another's code may fail in any way, and nothing else rests on it
        raise _useless(entry, f"{type(error).__name__}: {error}") from error


def _useless(entry: importlib.metadata.EntryPoint, why: str) -> Unusable:
    return Unusable(
        f"{entry.group.removeprefix('fteval.').removesuffix('s')} '{entry.name}' of {_package(entry)} cannot be used "
        f"({entry.value}): {why}",
        fix="mend or uninstall that package; --debug shows where it fails",
    )
