"""The tool calls in an answer, in whatever shape a model wrote them: JSON, Python, tags, fences, among words."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fteval.evals.formats.json_text import DEEPEST
from fteval.evals.language.text import READ


@dataclass(frozen=True, slots=True)
class Call:
    """A tool's name and the arguments that it was given."""

    name: str
    arguments: Mapping[str, Any]
    """Under "" what could not be read as arguments."""

    @property
    def key(self) -> str:
        return key(self.name)


def key(name: str) -> str:
    """What makes two writings of a tool's name one: `tools.math.hcf` is `math_hcf`."""
    return re.sub(r"\W+", "_", re.sub(r"^(?:tools?|functions?)\.", "", name.strip())).casefold()


def calls(text: str, tools: Sequence[Mapping[str, Any]]) -> list[Call]:
    """The calls, in order: those in tags, else those in fences, else those among the words.

    A tool that was not offered counts where nothing else stands there: words may name functions too.
    """
    text = _NEXT_TURN.split(text[:READ], maxsplit=1)[0]
    offered = {key(tool["function"]["name"]): tool["function"] for tool in tools}
    if named := _NAMED.findall(text):
        return [Call(name, _arguments(_parameters(inner) or inner)) for name, inner in named]
    if tagged := _TAGGED.findall(text):
        return [call for part in tagged for call in _calls(part, offered)]
    found: list[Call] = []
    for part in _FENCED.findall(text):  # a later fence may show the same calls again
        found += [call for call in _calls(part, offered) if call not in found]
    return found or _calls(text, offered)


def calls_of(value: Any, offered: Mapping[str, Any]) -> list[Call]:
    """The calls that a value of JSON is, by any of the keys in use; `offered` are the keys of tools that are there."""
    if isinstance(value, list | tuple):
        return [call for one in value for call in (calls_of(one, offered) or _keyed(one))]
    if not isinstance(value, Mapping):
        return []
    inner = next((value[k] for k in _WRAPPED if isinstance(value.get(k), list | Mapping)), None)
    if inner is not None:
        return calls_of(inner, offered)
    name = next((value[k] for k in _NAMES if isinstance(value.get(k), str)), None)
    if name is None:
        known = all(key(str(k)) in offered and isinstance(v, Mapping | str) for k, v in value.items())
        return [Call(str(k), _arguments(v)) for k, v in value.items()] if known else []
    given = next((k for k in _ARGUMENTS if k in value), None)
    if "description" in value or (given is None and key(name) not in offered):
        return []  # a tool shown, not called
    if given is None:
        return [Call(name, {k: v for k, v in value.items() if k not in (*_NAMES, "id", "type")})]
    return [Call(name, _arguments(value[given]))]


_WRAPPED = ("tool_calls", "tool_call", "function_call", "function", "calls")
_NAMES = ("name", "function", "tool", "tool_name", "function_name", "action")
_ARGUMENTS = ("arguments", "parameters", "params", "args", "input", "action_input", "tool_input")
_NEXT_TURN = re.compile(r"^\s*(?:#{2,4} *(?:Instruction|Question|Input|Human|User)\b|(?:User|Human):)", re.MULTILINE)
_TAGGED = re.compile(r"<tool_call>(.*?)(?:</tool_call>|(?=<tool_call>)|\Z)", re.DOTALL)
_NAMED = re.compile(r"<function=([\w.-]+)>(.*?)(?:</function>|\Z)", re.DOTALL)
_PARAMETER = re.compile(r"<parameter=([\w.-]+)>\s*(.*?)\s*</parameter>", re.DOTALL)
_FENCED = re.compile(r"```[\w-]*\n?(.*?)(?:```|\Z)", re.DOTALL)
_DATA = re.compile(r"[\[{](?=\s*[\[{\"'])")
_PYTHON = re.compile(r"(?<![\w.])(?<!def )((?:[A-Za-z_]\w*\.)*+[A-Za-z_]\w*)\(")
_BEFORE_DATA = re.compile(
    r"(?<![\w.])([A-Za-z_][\w.]*+)[`'\"\s:]*+(?:Action Input:\s*+|Arguments:\s*+|\[ARGS\]\s*+)?(?=\{)"
)
_TOKEN = re.compile(r"\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+'|[()\[\]{}]|\b(?:true|false|null)\b", re.DOTALL)
_PYTHONS = {"true": "True", "false": "False", "null": "None"}
_MOST = 200
"""Brackets that are tried in one answer."""


def _calls(text: str, offered: Mapping[str, Any]) -> list[Call]:
    found = [call for value in _values(text) for call in calls_of(value, offered)]
    return found or _python_calls(text, offered) or _before_data(text, offered)


def _before_data(text: str, offered: Mapping[str, Any]) -> list[Call]:
    """`name: {…}`, `[TOOL_CALLS]name{…}`, and `Action: name` with an `Action Input: {…}` behind it."""
    found = []
    for name in _BEFORE_DATA.finditer(text):
        given = _literal(text[name.end() : _closing(text, name.end())], None)
        if key(name[1]) in offered and isinstance(given, Mapping):
            found.append(Call(name[1], given))
    return found


def _keyed(value: Any) -> list[Call]:
    """`{name: {…}}` or `{name: "…"}` in a list, as some clients keep the calls of any tool."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return []
    ((name, given),) = value.items()
    return [Call(name, _arguments(given))] if re.fullmatch(r"[A-Za-z_][\w.]*", str(name)) else []


def _parameters(text: str) -> dict[str, Any]:
    return {name: _literal(value, value) for name, value in _PARAMETER.findall(text)}


def _arguments(given: Any) -> Mapping[str, Any]:
    if isinstance(given, str):
        given = _literal(given, given) if given.strip() else {}
    return given if isinstance(given, Mapping) else {} if given is None else {"": given}


# --- JSON, and what is meant to be JSON ------------------------------------------------------------


def _values(text: str) -> Iterator[Any]:
    """Objects and arrays as they stand in the text, Python's too; none that is part of another."""
    at = 0
    for _ in range(_MOST):
        start = _DATA.search(text, at)
        if start is None:
            return
        end = _closing(text, start.start())
        value = _literal(text[start.start() : end], None)
        if value is not None:
            yield value
        at = start.end() if value is None else end


def _closing(text: str, start: int) -> int:
    """Behind the bracket that closes the one at `start`, brackets in strings aside; the end where none does, `start`
    where they nest too deep to be read."""
    depth = 0
    for token in _TOKEN.finditer(text, start):
        depth += (token[0] in "([{") - (token[0] in ")]}") if len(token[0]) == 1 else 0
        if depth == 0 or depth > DEEPEST:
            return start if depth else token.end()
    return len(text)


def _literal(text: str, otherwise: Any) -> Any:
    """The value of JSON or a Python literal, true and True alike."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(_TOKEN.sub(lambda m: _PYTHONS.get(m[0], m[0]), text.strip()))
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return otherwise


# --- Python ----------------------------------------------------------------------------------------


def _python_calls(text: str, offered: Mapping[str, Any]) -> list[Call]:
    found: list[tuple[str, Call]] = []
    other, at = text, 0
    for _ in range(_MOST):
        start = _PYTHON.search(text, at)
        if start is None:
            break
        end = _closing(text, start.end() - 1)
        written = text[start.start() : end]
        alone = not re.search(r"\w", text[text.rfind("\n", 0, start.start()) + 1 : start.start()])
        call = _python_call(start[1], written, offered.get(key(start[1])), alone)
        at = start.end() if call is None else end
        if call is not None:
            found.append((start[1], call))
            other = other.replace(written, "", 1)
    bare = not re.search(r"\w", other)
    return [call for name, call in found if bare or key(name) in offered]


def _python_call(name: str, written: str, tool: Mapping[str, Any] | None, alone: bool) -> Call | None:
    """The call; None where it is only spoken of: `f()` or `f(city)` within a sentence, or around another's call."""
    try:
        node = ast.parse(written, mode="eval").body
        assert isinstance(node, ast.Call)
        given = {k.arg: _value(k.value) for k in node.keywords if k.arg}
        placed = [_value(argument) for argument in node.args]
    except (ValueError, SyntaxError, AssertionError, RecursionError, MemoryError):
        return Call(name, {"": written}) if tool else None
    spoken = not node.keywords and all(isinstance(a, ast.Name) for a in node.args)
    around = tool is None and any(isinstance(a, ast.Call) for a in node.args)
    if (spoken and not (alone and not node.args)) or around:
        return None
    if len(placed) == 1 and isinstance(placed[0], Mapping):
        return Call(name, {**placed[0], **given})
    names = list(((tool or {}).get("parameters") or {}).get("properties") or ())
    names += [f"argument {i + 1}" for i in range(len(names), len(placed))]
    return Call(name, {**dict(zip(names, placed, strict=False)), **given})


def _value(node: ast.expr) -> Any:
    """What an argument is; code that is no literal by its own text."""
    if isinstance(node, ast.Name) and node.id in _PYTHONS:
        return {"true": True, "false": False}.get(node.id)
    if isinstance(node, ast.List | ast.Tuple):
        return [_value(part) for part in node.elts]
    if isinstance(node, ast.Dict) and all(node.keys):
        return {_value(k): _value(v) for k, v in zip(node.keys, node.values, strict=True) if k}
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError):
        return ast.unparse(node)
