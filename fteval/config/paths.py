"""Paths of a config made relative to its folder, wherever a value may be one."""

from __future__ import annotations

import typing
from pathlib import Path
from typing import Any

from fteval import registry
from fteval.errors import UserError


def resolved(value: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The values with relative paths joined to the config's folder."""
    found = dict(value)
    for key in ("store", "include"):
        if isinstance(found.get(key), str):
            found[key] = folder / found[key]
    if isinstance(found.get("base"), str):
        found["base"] = _ref(found["base"], folder)
    for section in ("candidates", "probes"):
        if isinstance(found.get(section), dict):
            resolved = _resolved_candidate if section == "candidates" else _resolved_probe
            found[section] = {name: resolved(spec, folder) for name, spec in found[section].items()}
    return found


_PLACES = ("model", "judge", "reference", "contrast", "rubric", "schema", "include", "template", "teacher")
"""Keys of probes and candidates that hold refs, or files beside the config."""


def _resolved_spec(spec: Any, folder: Path) -> Any:
    if not isinstance(spec, dict):
        return spec
    found = dict(spec)
    if isinstance(found.get("data"), str) and not registry.is_generated(found["data"]):
        found["data"] = folder / found["data"]
    for key in ("prompts", "trained_on"):
        if isinstance(found.get(key), str):
            found[key] = folder / found[key]
    if isinstance(tasks := found.get("tasks"), list):
        found["tasks"] = [folder / one if isinstance(one, str) else one for one in tasks]
    if isinstance(watch := found.get("watch"), dict):
        probes = watch.get("probes")
        of = {n: _resolved_probe(p, folder) for n, p in probes.items()} if isinstance(probes, dict) else probes
        found["watch"] = _resolved_spec({**watch, **({"probes": of} if probes is not None else {})}, folder)
    for key in _PLACES:
        if isinstance(found.get(key), str):
            found[key] = _ref(found[key], folder)
    if isinstance(found.get("rewards"), list):
        found["rewards"] = [_resolved_reward(reward, folder) for reward in found["rewards"]]
    return found


def _resolved_probe(spec: Any, folder: Path) -> Any:
    """The same for a probe, whose `train` is a file and not the name of a method."""
    found = _resolved_spec(spec, folder)
    if isinstance(found, dict) and isinstance(found.get("train"), str):
        found["train"] = str(folder / found["train"])
    return found


def _resolved_reward(reward: Any, folder: Path) -> Any:
    """A reward with its file of Python, where it stands beside the config."""
    if isinstance(reward, dict):
        return {k: _resolved_reward(v, folder) if k == "python" else v for k, v in reward.items()}
    file, colon, _ = reward.partition(":") if isinstance(reward, str) else ("", "", "")
    return str(folder / reward) if colon and file.endswith(".py") and _is_file(folder / file) else reward


def _resolved_candidate(spec: Any, folder: Path) -> Any:
    """The same for what may be an alternative: its fields that are paths, by their types."""
    found = _resolved_spec(spec, folder)
    if isinstance(found, dict) and "train" not in found:
        for key in set(found) & set(registry.alternative_names()):
            found[key] = _resolved_change(key, found[key], folder)
    return found


def _resolved_change(name: str, value: Any, folder: Path) -> Any:
    try:
        cls = registry.alternative_class(name)
    except UserError:  # another package's that cannot be used: said where it is asked for
        return value
    hints, first = typing.get_type_hints(cls), registry.first_field(cls)
    fields = value if isinstance(value, dict) else {first: value}
    joined = {key: _field(key, inner, hints.get(key), folder) for key, inner in fields.items()}
    return joined if isinstance(value, dict) else joined[first]


def _field(key: str, value: Any, hint: Any, folder: Path) -> Any:
    """A field of an alternative: a path, a list of mappings with paths, or a ref."""
    if isinstance(value, list):
        return [_resolved_spec(one, folder) if isinstance(one, dict) else one for one in value]
    if key == "proposer" and isinstance(value, str):
        return _ref(value, folder)
    return _file(value, hint, folder)


def _file(value: Any, hint: Any, folder: Path) -> Any:
    """A path where the field is one; where it may be text too, what begins with a dot or is there."""
    kinds = {hint, *typing.get_args(hint)}
    if not isinstance(value, str) or Path not in kinds or "\n" in value:
        return value
    if str in kinds and not value.startswith("./") and not _is_file(folder / value):
        return value
    return folder / value


def _ref(ref: str, folder: Path) -> str:
    """A model ref whose paths are joined to the folder: what begins with a dot, or exists there, is a path."""
    for prefix in ("replay:lm-eval:", "replay:"):  # a folder or a file, be it there or not
        if ref.startswith(prefix):
            return f"{prefix}{folder / ref.removeprefix(prefix)}"
    if (scheme := registry.scheme(ref)) is not None:
        return f"{scheme}:{_joined(ref.removeprefix(f'{scheme}:'), folder)}"
    if ":" in ref.partition("+")[0] and not ref.startswith("hf:"):
        return ref
    base, plus, adapter = ref.partition("+")
    return plus.join([_joined(base, folder), *([_joined(adapter, folder)] if plus else [])])


def _joined(part: str, folder: Path) -> str:
    if part.startswith(".") or (part != "nano" and exists(folder / part)):
        return str(folder / part)
    return part


def exists(path: Path) -> bool:
    """Whether a path exists; names that no file system takes do not."""
    try:
        return path.exists()
    except (OSError, ValueError):  # too long, or with a NUL
        return False


def _is_file(path: Path) -> bool:
    return exists(path) and path.is_file()
