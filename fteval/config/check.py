"""What is wrong with a config beyond its YAML, in words that name the key and what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from fteval import registry
from fteval.config.models import (
    BestSpec,
    CandidateSpec,
    Config,
    DrawnSpec,
    GateSpec,
    ProbeSpec,
    SamplingSpec,
    ServerSpec,
    StopSpec,
    WatchSpec,
)
from fteval.config.paths import exists, resolved
from fteval.config.tree import Path as Place
from fteval.config.tree import Problem, Tree

_SPECS: dict[str, type[BaseModel]] = {"candidates": CandidateSpec, "probes": ProbeSpec, "gates": GateSpec}
_LATER = ("report",)
"""Keys of the design that this version does not know yet."""


Found = tuple[Place, Problem]
"""What is wrong, and in what."""


@dataclass(frozen=True, slots=True)
class Sound:
    """What is left of a file without what is wrong in it."""

    config: Config
    gates: list[int]
    """The places in the file of the gates that are left."""


def problems_of(tree: Tree, folder: Path) -> Sound | None:
    """What a file says soundly, None where that is nothing; adds what is wrong to the tree's problems."""
    later = list(_later(tree))
    wrong = [*later, *_gates_on_no_probe(tree), *_missing_files(tree, folder), *_from_nowhere(tree)]
    wrong += _invalid(tree, folder, {place[:2] for place, _ in later})
    tree.problems += [problem for _, problem in wrong]
    places = {place[:2] if place[:1] and place[0] in _SPECS else place[:1] for place, _ in wrong}
    on_broken = {("gates", i) for i, gate in _items(tree.value.get("gates")) if ("probes", _probe_of(gate)) in places}
    left = _without(tree.value, places | on_broken)
    try:
        config = Config.model_validate(resolved({"version": 1, **left}, folder))
    except ValidationError:
        return None
    gone = {place[1] for place in places | on_broken if place[0] == "gates" and len(place) > 1}
    return Sound(config, [i for i in range(len(config.gates) + len(gone)) if i not in gone])


def _invalid(tree: Tree, folder: Path, known: set[Place]) -> list[Found]:
    """What the models say of the values, without what is `known` already."""
    try:
        Config.model_validate(resolved(_without(tree.value, known), folder))
    except ValidationError as error:
        return [_problem(one, tree) for one in error.errors()]
    return []


def _without(value: dict[str, Any], places: set[Place]) -> dict[str, Any]:
    """The sections that are not empty, without what stands at these places."""
    kept: dict[str, Any] = {}
    for key, inner in value.items():
        if (key,) in places or (inner is None and key in Config.model_fields):
            continue
        if key in _SPECS and isinstance(inner, dict):
            inner = {name: spec for name, spec in inner.items() if (key, name) not in places}
        elif key in _SPECS and isinstance(inner, list):
            inner = [spec for i, spec in enumerate(inner) if (key, i) not in places]
        kept[key] = inner
    return kept


def _later(tree: Tree) -> Iterator[Found]:
    """Keys that a later version will read."""
    for key in tree.value:
        if key in _LATER:
            yield (key,), Problem(tree.line((key,)), f"'{key}' is not in this version of fteval.")


def _from_nowhere(tree: Tree) -> Iterator[Found]:
    """Candidates on top of one that is not there, or on top of themselves."""
    below = {
        name: spec["from"]
        for name, spec in _items(tree.value.get("candidates"))
        if isinstance(spec, dict) and isinstance(spec.get("from"), str)
    }
    known = [str(name) for name, _ in _items(tree.value.get("candidates"))]
    for name, other in below.items():
        place = ("candidates", name, "from")
        if other not in known:
            what = f"'from' names no candidate: {other!r}. {_suggest(other, [n for n in known if n != name])}"
            yield place, Problem(tree.line(place), what)
            continue
        seen = {name}
        while other in below and other not in seen:
            seen.add(other)
            other = below[other]
        if other in seen:
            yield place, Problem(tree.line(place), f"'from' leads back to '{name}' itself")


def _probe_of(gate: Any) -> Any:
    name = gate.get("probe") if isinstance(gate, dict) else None
    return name if isinstance(name, str) else None


def _items(value: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def _problem(error: Any, tree: Tree) -> Found:
    """One finding of pydantic in our words."""
    place: Place = tuple(part for part in error["loc"] if part != "[key]")
    kind, line = error["type"], tree.line(place)
    # A gate is known by its line; its number in the list says nothing.
    name = ".".join(str(part) for part in (place[2:] or ("gate",) if place[0] == "gates" and len(place) > 1 else place))
    if kind == "extra_forbidden":
        text = f"unknown key '{place[-1]}'. {_suggest(str(place[-1]), _known(place))}"
    elif kind == "missing":
        text = f"'{name}' is missing" + (": write 'version: 1'" if place == ("version",) else "")
    elif kind == "value_error":
        text = f"{name}: {error['ctx']['error']}"
    else:
        wanted = _WANTED.get(kind) or error["msg"].removeprefix("Input should be ")
        text = f"'{name}' should be {wanted}, found {_short(error['input'])}"
    return place, Problem(line, text)


_WANTED = {
    "model_type": "keys with values",
    "dict_type": "keys with values",
    "path_type": "a path",
    "list_type": "a list",
    "string_type": "text",
    "string_too_short": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
}
"""What pydantic calls by the names of Python."""


def _known(place: Place) -> list[str]:
    """The keys that may stand beside a wrong one."""
    around: dict[Place, type[BaseModel]] = {(): Config, ("sampling",): SamplingSpec, ("server",): ServerSpec}
    if place[0] in _SPECS:
        around |= {place[:2]: _SPECS[str(place[0])], (*place[:2], "sampling"): DrawnSpec}
        watch = (*place[:2], "watch")
        around |= {watch: WatchSpec, (*watch, "sampling"): DrawnSpec, (*watch, "keep_best"): BestSpec}
        if place[:4] == (*watch, "stop_if"):
            around[place[:5]] = StopSpec
    return list(around.get(place[:-1], Config).model_fields)


def _suggest(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(known)}."


def _at(value: Any, place: Place) -> Any:
    for part in place:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}…"


def _gates_on_no_probe(tree: Tree) -> Iterator[Found]:
    """Gates on probes that the config does not have; without a list of probes they may come from the command line."""
    probes, gates = tree.value.get("probes"), tree.value.get("gates")
    if not isinstance(probes, dict) or not isinstance(gates, list):
        return
    benchmarks = tree.value.get("benchmarks")
    known = [*probes, *(benchmarks if isinstance(benchmarks, list) else [])]
    for i, gate in enumerate(gates):
        name = _probe_of(gate)
        if name is not None and name not in known:
            place = ("gates", i, "probe")
            what = f"a gate on '{name}', which is not among the probes. {_suggest(name, known)}"
            yield place, Problem(tree.line(place), what)


_FILES = ("data", "prompts", "trained_on")


def _missing_files(tree: Tree, folder: Path) -> Iterator[Found]:
    for place, spec in _with_files(tree.value):
        for key in _FILES:
            file = spec.get(key)
            if isinstance(file, str) and not registry.is_generated(file) and not exists(folder / file):
                yield (*place, key), Problem(tree.line((*place, key)), f"no file {folder / file}")
        for i, file in _items(spec.get("tasks")):
            if isinstance(file, str) and not exists(folder / file):
                yield (*place, "tasks"), Problem(tree.line((*place, "tasks", i)), f"no file {folder / file}")


def _with_files(value: dict[str, Any]) -> Iterator[tuple[Place, dict[str, Any]]]:
    """What may name files: candidates, probes, and what watches a candidate."""
    for section in ("candidates", "probes"):
        for name, spec in _items(value.get(section)):
            if not isinstance(spec, dict):
                continue
            yield (section, name), spec
            watch = spec.get("watch")
            if section == "candidates" and isinstance(watch, dict):
                yield (section, name, "watch"), watch
                for probe, own in _items(watch.get("probes")):
                    if isinstance(own, dict):
                        yield (section, name, "watch", "probes", probe), own
