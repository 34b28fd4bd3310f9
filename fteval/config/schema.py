"""The JSON Schema of fteval.yaml for editors: the models' own, with every probe's parameters and trainer's recipe."""

from __future__ import annotations

import ast
import collections.abc
import dataclasses
import inspect
import itertools
import textwrap
import types
import typing
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from fteval import registry
from fteval.config import models
from fteval.config.models import RULES, Config
from fteval.config.series import SeriesKeys
from fteval.errors import UserError
from fteval.registry import names

DRAFT = "http://json-schema.org/draft-07/schema#"
"""What editors' YAML servers read."""
_PLAIN = {int: "integer", float: "number", str: "string", Path: "string", bool: "boolean", type(None): "null"}


def schema() -> dict[str, Any]:
    """The schema with the probes and trainers that are installed."""
    found: dict[str, Any] = {"$schema": DRAFT, **_told(Config.model_json_schema())}
    of, sections = found["$defs"], found["properties"]
    probe, candidate = of["ProbeSpec"], of["CandidateSpec"]
    probes = _fields_by_name([*registry.probe_names(), *names.APART], registry.probe_class)
    recipes = _fields_by_name(registry.trainer_names(), lambda name: registry.trainer_module(name).Recipe)
    of |= {f"probe-{name}": _closed(probe, fields) for name, fields in probes.items()}
    own = ("train", "data", "prompts", "watch", *SeriesKeys.model_fields)
    trained = {key: candidate["properties"][key] for key in own}
    of |= {f"train-{name}": _closed(candidate, {**trained, **fields}, only=()) for name, fields in recipes.items()}
    of["ProbeSpec"] = {
        "type": "object",
        "description": probe["description"],
        "properties": {"use": {"enum": sorted(probes), "description": "Which probe."}},
        "required": ["use"],
        "allOf": [_where("use", name, f"probe-{name}") for name in probes],
    }
    of["CandidateSpec"] = {
        "type": "object",
        "description": candidate["description"],
        "properties": {"train": {"enum": sorted(recipes), "description": "A trainer."}},
        "oneOf": [{"required": ["train"]}, _untrained(candidate)],
        "allOf": [_where("train", name, f"train-{name}") for name in recipes],
    }
    of["GateSpec"]["oneOf"] = [{"required": [rule]} for rule in RULES]
    watched = of["WatchSpec"]["properties"]
    for section in (sections["probes"], watched["probes"]):
        section |= _by_name(probes)
    groups = sections["servers"]  # one group or a list of them
    groups["items"] = {"anyOf": [groups["items"]["items"], groups["items"]]}
    watched["stop_if"] = {"anyOf": [watched["stop_if"], _ref("StopSpec")]}  # one rule or a list
    for section in sections.values():  # a section may still be empty
        if section.get("type") in ("object", "array"):
            section["type"] = [section["type"], "null"]
    return found


def _told(found: dict[str, Any]) -> dict[str, Any]:
    """The models' schema with the text below each field, which pydantic would look for whenever a config is read."""
    for name, fields in (("Config", found), *found["$defs"].items()):
        cls = getattr(models, name)
        told = _docstrings(cls)
        for field, info in cls.model_fields.items():
            if field in told:
                fields["properties"][info.alias or field].setdefault("description", told[field])
    return found


def _untrained(candidate: dict[str, Any]) -> dict[str, Any]:
    """A model made elsewhere, perhaps with alternatives, or these alone, or on top of another candidate."""
    classes = {}
    for name in registry.alternative_names():
        try:
            classes[name] = registry.alternative_class(name)
        except UserError:  # another package's that cannot be used
            continue
    changes = {name: _change(cls) for name, cls in classes.items()}
    return {
        **_closed(candidate, changes, only=("model", "from", "trained_on")),
        "anyOf": [{"required": [key]} for key in ("model", *changes)],
        "not": {"required": ["model", "from"]},
        "dependencies": {"trained_on": ["model"]},
    }


def _change(cls: type) -> dict[str, Any]:
    """An alternative: its fields, or the first of them alone."""
    fields = _fields(cls)
    first = {key: value for key, value in fields[registry.first_field(cls)].items() if key != "description"}
    told = " ".join((inspect.getdoc(cls) or "").split())
    return {"anyOf": [_closed({"properties": {}}, fields), first], "description": told}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _by_name(probes: Iterable[str]) -> dict[str, Any]:
    """A section of probes: under a probe's name its fields, under one's own what `use` says."""
    own = _ref("ProbeSpec")
    named = {
        name: {
            "if": {"type": "object", "required": ["use"]},
            "then": own,
            "else": {"if": {"type": "object"}, "then": _ref(f"probe-{name}"), "else": {"type": "null"}},
        }
        for name in probes
    }
    return {"additionalProperties": own, "properties": named}


def _where(key: str, value: str, then: str) -> dict[str, Any]:
    return {"if": {"properties": {key: {"const": value}}, "required": [key]}, "then": _ref(then)}


def _closed(
    spec: dict[str, Any],
    fields: dict[str, Any],
    *,
    only: tuple[str, ...] | None = None,
    required: list[str] | None = None,
) -> dict[str, Any]:
    """A spec's keys (or `only` some of them) and these fields, and no others."""
    common = {key: value for key, value in spec["properties"].items() if only is None or key in only}
    return {
        "type": "object",
        "properties": {**common, **fields},
        "additionalProperties": False,
        **({"required": required} if required else {}),
    }


def _fields_by_name(known: list[str], find: Callable[[str], type]) -> dict[str, dict[str, Any]]:
    found = {}
    for name in known:
        try:
            found[name] = _fields(find(name))
        except UserError:  # another package's that cannot be used
            continue
    return found


def _fields(cls: type) -> dict[str, Any]:
    """What may be set of a dataclass."""
    hints, told = typing.get_type_hints(cls), _docstrings(cls)
    return {
        f.name.removesuffix("_"): {
            **_bounded(_of_type(hints[f.name]), f.metadata.get("range")),
            **({"description": told[f.name]} if f.name in told else {}),
        }
        for f in dataclasses.fields(cls)
        if f.init
    }


def _of_type(hint: Any) -> dict[str, Any]:
    """What `registry.convert` takes for a type; anything for a type that it passes on."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_of_type(one) for one in arguments]}
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin in (tuple, list):
        item = _of_type(arguments[0])
        return {"anyOf": [{"type": "array", "items": item}, item]}
    if origin in (dict, collections.abc.Mapping):
        return {"type": "object"}
    return {"type": _PLAIN[hint]} if hint in _PLAIN else {}


def _bounded(found: dict[str, Any], within: Any) -> dict[str, Any]:
    """With a field's range; other kinds of values have none."""
    if within is None:
        return found
    words = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
    return {**found, **{words[name]: value for name, value in within.bounds.items()}}


def _docstrings(cls: type) -> dict[str, str]:
    """Field -> the text below it."""
    found: dict[str, str] = {}
    for one in reversed(cls.__mro__[:-1]):
        try:
            body = ast.parse(textwrap.dedent(inspect.getsource(one))).body[0]
        except (OSError, TypeError, SyntaxError):  # made without a file
            continue
        inside = body.body if isinstance(body, ast.ClassDef) else []
        for field, text in itertools.pairwise(inside):
            if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
                found[ast.unparse(field.target)] = " ".join(str(text.value.value).split())
    return found
