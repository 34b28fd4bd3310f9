"""Tool calls."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from fteval.errors import UserError
from fteval.evals.data.packaged import packaged
from fteval.evals.find.calls import Call, calls, calls_of, key
from fteval.evals.formats import json_text
from fteval.evals.formats.text_or_file import content
from fteval.evals.language.text import blank, shown
from fteval.records import Generation, Metric, Sample, Scores, tools_from


@dataclass(frozen=True, slots=True)
class Tools:
    """Whether the right tools are called, with the right arguments.

    Measures  call_correct: all calls that are wanted and no other, in any order; name: of the tools; arguments: of the
              calls, whatever is called
    Chance    without a call right where no tool fits
    Traps     any shape is read
    Source    tools and questions written for fteval
    """

    schema: Any = None
    """Tools for rows without their own: a list as servers take it, or the name of a .json file."""

    version: ClassVar[int] = 1
    offers_tools: ClassVar[bool] = True
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("call_correct", primary=True),
        Metric("name"),
        Metric("arguments", partial=True),
    )

    def __post_init__(self) -> None:
        given = json_text.read(content(self.schema, ".json")) if isinstance(self.schema, str) else self.schema
        try:
            object.__setattr__(self, "schema", list(tools_from(given or [])) or None)
        except ValueError as error:
            raise UserError(f"probe 'tools': {error}", fix="schema: a list of tools, or a file with one") from None

    def samples(self) -> Iterator[Sample]:
        return packaged("tools.jsonl")

    def variants(self, samples: Iterable[Sample]) -> Iterable[Sample]:
        return (sample if sample.tools else replace(sample, tools=tuple(self.schema or ())) for sample in samples)

    def score(self, sample: Sample, generation: Generation) -> Scores:
        tools = sample.tools or tuple(self.schema or ())
        offered = {key(tool["function"]["name"]): tool["function"] for tool in tools}
        wanted = _wanted(sample, tools, offered)
        text = shown(generation.text)
        if blank(text):
            return _scores(dict.fromkeys(("call_correct", "name", "arguments"), "the answer is empty"), bool(wanted))
        found = calls(text, tools)
        why: dict[str, str] = {}
        if Counter(c.key for c in found) != Counter(w.key for w in wanted):
            strange = sorted({c.name for c in found if c.key not in offered})
            why["name"] = f"calls {_names(found)}, wanted {_names(wanted)}" + (
                f"; not offered: {', '.join(strange)}" if strange else ""
            )
        if (wanted or found) and not _paired(found, wanted, lambda c, w: not _wrong(c, w, offered)):
            why["arguments"] = next(
                (flaw for c, w in zip(found, wanted, strict=False) if (flaw := _wrong(c, w, offered))), "no such calls"
            )
        if not _paired(found, wanted, lambda c, w: c.key == w.key and not _wrong(c, w, offered)):
            why["call_correct"] = why.get("name") or why.get("arguments") or "arguments of another tool"
        return _scores(why, bool(wanted), "; ".join(f"{c.name}({dict(c.arguments)})" for c in found)[:500] or None)


def _scores(why: Mapping[str, str], wanted: bool, answer: str | None = None) -> Scores:
    values: dict[str, float | None] = {m.name: float(m.name not in why) for m in Tools.metrics}
    if not wanted:
        values["arguments"], why = None, {**why, "arguments": "no call is wanted"}
    return Scores(values, answer=answer, reasons=why)


def _names(found: Sequence[Call]) -> str:
    return ", ".join(call.name for call in found) or "none"


def _paired(found: Sequence[Call], wanted: Sequence[Call], fits: Callable[[Call, Call], bool]) -> bool:
    """Whether each call is one that is wanted, one to one."""
    left = list(found)
    for want in wanted:
        at = next((i for i, call in enumerate(left) if fits(call, want)), None)
        if at is None:
            return False
        left.pop(at)
    return not left


# --- what is wanted --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Any:
    """Values of which one is right; "" among them means that the argument may be left out."""

    values: tuple[Any, ...]


def _wanted(sample: Sample, tools: Sequence[Mapping[str, Any]], offered: Mapping[str, Any]) -> list[Call]:
    """The calls of a target; none where it is a text without calls. Raises UserError for a target of no use."""
    target = sample.target
    if isinstance(target, str) and target.strip():
        return calls(target, tools)
    if isinstance(target, list | Mapping) and not isinstance(target, str):
        if not target or (isinstance(target, Mapping) and target.get("tool_calls") == []):
            return []
        found = _possible(target, offered) or calls_of(target, offered)
        if found:
            return found
    raise UserError(
        f"row {sample.id!r} needs a 'target' that says what is to be called, found {target!r:.80}",
        fix='for example [{"name": "weather", "arguments": {"city": "Rome"}}], [] for no call, or tool_calls of a turn',
    )


def _possible(target: Any, offered: Mapping[str, Any]) -> list[Call]:
    """Calls as BFCL keeps its answers: `{name: {argument: [values that are right]}}`, names numbered where they
    repeat."""
    if isinstance(target, list):
        found = [_possible(one, offered) if isinstance(one, Mapping) else [] for one in target]
        return [call for one in found for call in one] if all(found) else []
    made = []
    for name, given in target.items():
        if not isinstance(given, Mapping) or not all(isinstance(v, list) for v in given.values()):
            return []
        plain = name if key(name) in offered else re.sub(r"[_ ]\d+$", "", name)
        made.append(Call(plain, {k: _Any(tuple(map(_nested, v))) for k, v in given.items()}))
    return made


def _nested(value: Any) -> Any:
    """The same inside of objects, whose values are lists of what is right too."""
    if isinstance(value, Mapping):
        return {k: _Any(tuple(map(_nested, v))) if isinstance(v, list) else v for k, v in value.items()}
    return [_nested(part) for part in value] if isinstance(value, list) else value


# --- whether it is that ----------------------------------------------------------------------------


def _wrong(call: Call, wanted: Call, offered: Mapping[str, Any]) -> str | None:
    """What is wrong with the arguments; an argument at its default may stand or be left out."""
    properties = ((offered.get(wanted.key) or {}).get("parameters") or {}).get("properties") or {}
    for name, value in wanted.arguments.items():
        default = _property(properties, name).get("default", _Any(()))
        if name not in call.arguments:
            if not _same("", value) and not _same(default, value):
                return f"{name} is missing"
        elif not _same(call.arguments[name], value, exact="enum" in _property(properties, name)):
            return f"{name} is {call.arguments[name]!r:.60}, wanted {value!r:.80}"
    for name in call.arguments.keys() - wanted.arguments.keys():
        default = _property(properties, name).get("default", _Any(()))
        if not _same(call.arguments[name], default):
            return f"{name or 'what stands there'} is too much"
    return None


def _property(properties: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = properties.get(name)
    return found if isinstance(found, Mapping) else {}


def _same(found: Any, wanted: Any, exact: bool = False) -> bool:
    """Whether two values are one: numbers by value, text without case, spacing and commas unless it is `exact`."""
    if isinstance(wanted, _Any):
        return any(_same(found, one, exact) for one in wanted.values)
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and found.keys() == wanted.keys() and all(
            _same(found[k], v, exact) for k, v in wanted.items()
        )  # fmt: skip
    if isinstance(wanted, list | tuple):
        return (
            isinstance(found, list | tuple)
            and len(found) == len(wanted)
            and all(_same(f, w, exact) for f, w in zip(found, wanted, strict=True))
        )
    if isinstance(wanted, str):
        return isinstance(found, str) and (found == wanted if exact else _plain(found) == _plain(wanted))
    if isinstance(wanted, bool) or isinstance(found, bool) or not isinstance(wanted, int | float):
        return bool(found is wanted)
    return isinstance(found, int | float) and math.isclose(found, wanted, rel_tol=1e-9)


def _plain(text: str) -> list[str]:
    return re.sub(r"[,.;]+(?=\s|$)", " ", text.casefold()).split()
