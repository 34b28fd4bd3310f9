"""Find a probe, a trainer, an alternative, an engine or a report format by name: its file's, or an entry point's.

A probe is the one class in `fteval/evals/<name>.py` that has `metrics`, `samples` and `score`; other packages add
theirs with the entry point group `fteval.probes` (value: the class). The others are modules: a trainer has `Recipe` and
`train` (group `fteval.trainers`), an engine `open_engine` (`fteval.engines`, the name is the prefix of its refs), a
report format `ENDING`, `WHAT` and `render` (`fteval.reports`), an exporter `PLACE`, `WHAT`, `check` and `export`
(`fteval.exporters`). An alternative is the one class of its file with
`version` and `on` (`fteval.alternatives`; value: the class). Nothing is imported before it is asked for.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import sys
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fteval.errors import UserError
from fteval.records import Alternative, Change, Engine, EnginePool, EngineScheme, Exporter, Metric, Probe, ReportFormat
from fteval.registry import names
from fteval.registry.names import Unusable as Unusable
from fteval.registry.values import convert as convert
from fteval.registry.values import make as make


def probe_names() -> list[str]:
    """Every probe that can be asked for by name, sorted. Imports none of them."""
    return names.known("probe")


def probe_class(name: str) -> type[Probe]:
    """The class behind a probe's name.

    Raises UserError with the nearest name; for one of another package that cannot be used, with what is wrong and
    whose it is.
    """
    plugin = names.plugin("probe", name)
    if plugin is not None:
        return typing.cast(type[Probe], names.plugin_class(plugin, "probe"))
    return typing.cast(type[Probe], names.only_class(names.APART.get(name, f"fteval.evals.{name}"), names.PROBE))


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
    for entry in () if cls.__module__.startswith("fteval.evals.") else names.entry_points("probe"):
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
    plugin = names.plugin("probe", name)
    if plugin is None:
        return typing.cast(Probe, make(cls, params or {}, owner=owner, where=where))
    try:
        made = typing.cast(Probe, make(cls, params or {}, owner=owner, where=where))
        # Where the metrics follow from the samples, there are none yet.
        sound = hasattr(cls, "for_samples") or [m for m in made.metrics if isinstance(m, Metric) and m.primary]
    except UserError:
        raise
    except Exception as error:  # another's code may fail in any way
        raise names.useless(plugin, f"{type(error).__name__}: {error}") from error
    if not sound:
        raise names.useless(plugin, "none of its metrics is the primary one: Metric(name, primary=True)")
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
    return names.known("trainer")


def trainer_module(name: str) -> types.ModuleType:
    """The module of a trainer: it has `Recipe` and `train`. Raises UserError as `probe_class` does."""
    return typing.cast(types.ModuleType, names.module("trainer", name))


def alternative_names() -> list[str]:
    """Every change without training that can be asked for by name, sorted. Imports none of them."""
    return names.known("alternative")


def alternative_class(name: str) -> type[Alternative]:
    """The class of an alternative. Raises UserError as `probe_class` does."""
    plugin = names.plugin("alternative", name)
    if plugin is not None:
        return typing.cast(type[Alternative], names.plugin_class(plugin, "alternative"))
    return typing.cast(type[Alternative], names.only_class(f"fteval.alternatives.{name}", names.ALTERNATIVE))


def alternative(change: Change) -> Alternative:
    """An alternative with its settings checked. Raises UserError naming every wrong one at once."""
    cls = placed(alternative_class, change.name, change.where)
    given = change.value if isinstance(change.value, Mapping) else {first_field(cls): change.value}
    return typing.cast(Alternative, make(cls, given, owner=f"'{change.name}'", where=change.where))


def first_field(cls: type) -> str:
    """What a value that is no mapping sets: {prompt: Be short.} is {prompt: {text: Be short.}}."""
    return dataclasses.fields(cls)[0].name.removesuffix("_")


def prefixes() -> list[str]:
    """What may stand before the colon of a model ref, sorted. Imports no engine."""
    return sorted({*names.known("engine"), *names.PREFIXES["engine"]})


def scheme(ref: str) -> str | None:
    """The prefix of a model ref that an engine of its own answers; None for refs that fteval reads itself.

    Raises UserError for a prefix with two owners, as `hf` is when a package brings an engine of that name.
    """
    name, colon, _ = ref.partition(":")
    if not colon or name not in names.known("engine"):
        return None
    names.plugin("engine", name)
    return name


def engine(ref: str, pool: EnginePool) -> Engine:
    """The engine for a ref that has a `scheme`. Raises UserError as `probe` does."""
    name = ref.partition(":")[0]
    plugin = names.plugin("engine", name)
    module: EngineScheme = names.module("engine", name)
    if plugin is None:
        return module.open_engine(ref, pool)
    try:
        made = module.open_engine(ref, pool)
    except UserError:
        raise
    except Exception as error:  # another's code may fail in any way
        raise names.useless(plugin, f"{type(error).__name__}: {error}") from error
    missing = [name for name in names.ENGINE if not hasattr(made, name)]
    if missing:
        raise names.useless(plugin, f"open_engine gave {type(made).__name__}, which has no {', '.join(missing)}")
    if made.ref != ref:
        raise names.useless(plugin, f"its ref is {made.ref!r}, and must be the text that it was opened with: {ref!r}")
    return made


def exporter_names() -> list[str]:
    """Every tool that a result can be handed on to, sorted. Imports none of them."""
    return names.known("exporter")


def exporter(name: str) -> Exporter:
    """The module of one. Raises UserError as `probe_class` does."""
    return typing.cast(Exporter, names.module("exporter", name))


def export_places() -> list[str]:
    """`mlflow:EXPERIMENT` for every tool; one of another package that cannot be used is left out."""
    found = []
    for name in exporter_names():
        with contextlib.suppress(Unusable):
            found.append(f"{name}:{exporter(name).PLACE}")
    return found


def export_of(text: str) -> tuple[str, str] | None:
    """(exporter, place) where a text reads `mlflow:EXPERIMENT`; None for a file's name."""
    name, colon, place = text.partition(":")
    return (name, place) if colon and name in names.known("exporter") else None


@dataclasses.dataclass(frozen=True, slots=True)
class Formats:
    """Of report files."""

    usable: Mapping[str, ReportFormat]
    """By the ending of such files."""
    unusable: Sequence[str]
    """Why others are not, a line each."""

    def of(self, name: str) -> ReportFormat | None:
        """The format of a file of this name: `answers.csv` has the ending `.answers.csv`, and any other one `.csv`."""
        endings = sorted((ending for ending in self.usable if f".{name}".endswith(ending)), key=len)
        return self.usable[endings[-1]] if endings and "." in name else None


def report_formats() -> Formats:
    """Every format of report files. Imports all of them."""
    owners: dict[str, list[tuple[str, ReportFormat]]] = {}
    unusable = []
    for name in names.known("report"):
        try:
            plugin = names.plugin("report", name)
            made: ReportFormat = names.module("report", name)
        except Unusable as error:
            unusable.append(error.what)
            continue
        owners.setdefault(made.ENDING, []).append((names.package(plugin) if plugin else "fteval", made))
    for ending, claims in owners.items():
        if len(claims) > 1:
            unusable.append(f"reports in {ending} are claimed by {' and by '.join(owner for owner, _ in claims)}")
    return Formats({ending: claims[0][1] for ending, claims in sorted(owners.items()) if len(claims) == 1}, unusable)
