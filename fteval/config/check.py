"""What is wrong with a config beyond its YAML, in words that name the key and what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from fteval import registry
from fteval.config.models import CandidateSpec, Config, GateSpec, ProbeSpec, SamplingSpec
from fteval.config.tree import Path as Place
from fteval.config.tree import Problem, Tree

_SPECS: dict[str, type[BaseModel]] = {"candidates": CandidateSpec, "probes": ProbeSpec, "gates": GateSpec}
_LATER = {
    "": ("report", "benchmarks"),
    "candidates": ("prompt", "few_shot", "retrieve", "constrain", "reflect", "from"),
}
"""Keys of the design that this version does not know yet."""


def problems_of(tree: Tree, folder: Path) -> Config | None:
    """The config, or None; adds what is wrong to the tree's problems."""
    value = _without_later(tree)
    tree.problems += [problem for _, problem in _gates_on_no_probe(tree)]
    config = None
    try:
        config = Config.model_validate(_resolved(value, folder))
    except ValidationError as error:
        tree.problems += [_problem(e, tree) for e in error.errors()]
    tree.problems += _missing_files(tree, folder)
    return config


def sound_gates(tree: Tree) -> list[int]:
    """Places of the gates that are well formed and on a probe that the config has."""
    on_nothing = {i for i, _ in _gates_on_no_probe(tree)}
    found = []
    for i, gate in enumerate(tree.value.get("gates") or ()):
        try:
            GateSpec.model_validate(gate)
        except ValidationError:
            continue
        if i not in on_nothing:
            found.append(i)
    return found


def _without_later(tree: Tree) -> dict[str, Any]:
    """The values without what a later version will read; each such key becomes a problem."""
    kept: dict[str, Any] = {}
    for key, value in tree.value.items():
        if key in _LATER[""]:
            _later(tree, (key,))
        elif value is None and key in Config.model_fields:
            continue  # a section that is still empty
        elif key == "candidates" and isinstance(value, dict):
            kept[key] = {name: spec for name, spec in value.items() if not _has_later(tree, (key, name), spec)}
        else:
            kept[key] = value
    return kept


def _has_later(tree: Tree, place: Place, spec: Any) -> bool:
    later = [key for key in spec if key in _LATER["candidates"]] if isinstance(spec, dict) else []
    for key in later:
        _later(tree, (*place, key), " Candidates here are {train: sft, data: FILE, …} or {model: REF}.")
    return bool(later)


def _later(tree: Tree, place: Place, instead: str = "") -> None:
    tree.problems.append(Problem(tree.line(place), f"'{place[-1]}' is not in this version of fteval.{instead}"))


def _items(value: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def _problem(error: Any, tree: Tree) -> Problem:
    """One finding of pydantic in our words."""
    place: Place = tuple(part for part in error["loc"] if part != "[key]")
    kind, line = error["type"], tree.line(place)
    # A gate is known by its line; its number in the list says nothing.
    name = ".".join(str(part) for part in (place[2:] or ("gate",) if place[0] == "gates" and len(place) > 1 else place))
    if kind == "extra_forbidden":
        return Problem(line, f"unknown key '{place[-1]}'. {_suggest(str(place[-1]), _known(place))}")
    if kind == "missing":
        return Problem(line, f"'{name}' is missing" + (": write 'version: 1'" if place == ("version",) else ""))
    if kind == "value_error":
        return Problem(line, f"{name}: {error['ctx']['error']}")
    wanted = _WANTED.get(kind) or error["msg"].removeprefix("Input should be ")
    return Problem(line, f"'{name}' should be {wanted}, found {_short(error['input'])}")


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
    model: type[BaseModel] = Config
    if place[0] == "sampling":
        model = SamplingSpec if len(place) > 1 else Config
    elif len(place) > 2:
        model = _SPECS[str(place[0])]
    return list(model.model_fields)


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


def _gates_on_no_probe(tree: Tree) -> Iterator[tuple[int, Problem]]:
    """Gates on probes that the config does not have; without a list of probes they may come from the command line."""
    probes, gates = tree.value.get("probes"), tree.value.get("gates")
    if not isinstance(probes, dict) or not isinstance(gates, list):
        return
    for i, gate in enumerate(gates):
        name = gate.get("probe") if isinstance(gate, dict) else None
        if isinstance(name, str) and name not in probes:
            line = tree.line(("gates", i, "probe"))
            what = f"a gate on '{name}', which is not among the probes. {_suggest(name, list(probes))}"
            yield i, Problem(line, what)


def _missing_files(tree: Tree, folder: Path) -> Iterator[Problem]:
    for section in ("candidates", "probes"):
        for name, spec in _items(tree.value.get(section)):
            for key in ("data", "trained_on"):
                file = spec.get(key) if isinstance(spec, dict) else None
                if isinstance(file, str) and not registry.is_generated(file) and not _exists(folder / file):
                    yield Problem(tree.line((section, name, key)), f"no file {folder / file}")


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # too long, or with a NUL
        return False


# --- paths ---------------------------------------------------------------------------------------


def _resolved(value: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The values with relative paths joined to the config's folder."""
    found = dict(value)
    if isinstance(found.get("store"), str):
        found["store"] = folder / found["store"]
    if isinstance(found.get("base"), str):
        found["base"] = _ref(found["base"], folder)
    for section in ("candidates", "probes"):
        if isinstance(found.get(section), dict):
            found[section] = {name: _resolved_spec(spec, folder) for name, spec in found[section].items()}
    return found


def _resolved_spec(spec: Any, folder: Path) -> Any:
    if not isinstance(spec, dict):
        return spec
    found = dict(spec)
    if isinstance(found.get("data"), str) and not registry.is_generated(found["data"]):
        found["data"] = folder / found["data"]
    if isinstance(found.get("trained_on"), str):
        found["trained_on"] = folder / found["trained_on"]
    for key in ("model", "reference", "contrast", "schema"):  # refs, or files beside the config
        if isinstance(found.get(key), str):
            found[key] = _ref(found[key], folder)
    return found


def _ref(ref: str, folder: Path) -> str:
    """A model ref whose paths are joined to the folder: what begins with a dot, or exists there, is a path."""
    if ref.startswith("replay:"):  # a file, be it there or not
        return f"replay:{folder / ref.removeprefix('replay:')}"
    if (scheme := registry.scheme(ref)) is not None:
        return f"{scheme}:{_joined(ref.removeprefix(f'{scheme}:'), folder)}"
    if ":" in ref.partition("+")[0] and not ref.startswith("hf:"):
        return ref
    base, plus, adapter = ref.partition("+")
    return plus.join([_joined(base, folder), *([_joined(adapter, folder)] if plus else [])])


def _joined(part: str, folder: Path) -> str:
    if part.startswith(".") or (part != "nano" and _exists(folder / part)):
        return str(folder / part)
    return part
