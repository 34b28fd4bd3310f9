"""Turns as every maker of data writes them, as `{"role": system|user|assistant, "content": text}`."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from fteval.records.samples import OF_A_TURN, TOOLS

Turn = dict[str, Any]
ROLES = {
    "system": "system", "developer": "system",
    "user": "user", "human": "user", "prompter": "user", "customer": "user",
    "assistant": "assistant", "gpt": "assistant", "model": "assistant", "bot": "assistant", "chatgpt": "assistant",
    "ai": "assistant", "agent": "assistant",
    "tool": "tool", "function": "tool", "observation": "tool", "function_call": "call",
}  # fmt: skip


class NeedsPlain(ValueError):
    """A row with something that a chat template renders in a way of its own: tools, names, reasoning."""


def conversation(said: Any, key: str, plain: bool) -> list[Turn]:
    """The turns of a list. Raises ValueError naming the turn that is none."""
    if not isinstance(said, Sequence) or isinstance(said, str) or not said:
        raise ValueError(f"{key!r} must be a list with at least one turn, found {type(said).__name__}")
    made = [turn(one, f"{key}[{i}]", plain) for i, one in enumerate(said)]
    made = [one for one in made if one["role"] != "system" or one["content"].strip()]
    for position, one in enumerate(made):
        if one["role"] == "user" and not one["content"].strip():
            raise ValueError(f"{key}[{position}] says nothing")
    return made


def turn(one: Any, name: str, plain: bool) -> Turn:
    """One turn; `plain` as in `forms.Keys`. Raises ValueError naming it where it is none."""
    if not isinstance(one, Mapping):
        raise ValueError(f"{name} is no turn but {type(one).__name__}")
    given = one.get("role", one.get("from"))
    role = ROLES.get(given.strip().lower()) if isinstance(given, str) else None
    if role is None:
        raise ValueError(f"{name} needs a role of {', '.join(dict.fromkeys(ROLES.values()))}, found {given!r}")
    extras = [key for key in OF_A_TURN if one.get(key) not in (None, [], {}, "")]
    if (extras or role in ("tool", "call")) and not plain:
        what = ", ".join(f"{name}.{key}" for key in extras) or f"{name} of a tool"
        raise NeedsPlain(f"{what}: no text of a turn; --plain writes it as one")
    text = content_of(one)
    if role == "tool":
        return {"role": "user", "content": f"<tool_response>\n{text}\n</tool_response>"}
    if role == "call":
        return {"role": "assistant", "content": f"<tool_call>\n{text}\n</tool_call>"}
    made = {"role": role, "content": _with_extras(one, text)}
    return {**made, "weight": one["weight"]} if role == "assistant" and one.get("weight") in (0, 1) else made


def content_of(one: Any) -> str:
    """The text of a turn, whose content may be in parts. Raises ValueError for a part that is no text."""
    if isinstance(one, str):
        return one
    value = next((one[key] for key in ("content", "value", "parts", "text") if one.get(key) is not None), "")
    parts = value if isinstance(value, list) else [value]
    return "".join(_part(part) for part in parts)


def _part(part: Any) -> str:
    text = part.get("text") if isinstance(part, Mapping) else part
    if isinstance(text, int | float) and not isinstance(text, bool):
        return json.dumps(text)
    if not isinstance(text, str):
        kind = part.get("type") if isinstance(part, Mapping) else type(part).__name__
        raise ValueError(f"a part of a turn is no text but {kind}")
    return text


def _with_extras(one: Mapping[str, Any], text: str) -> str:
    if one.get("reasoning_content"):
        text = f"<think>\n{one['reasoning_content']}\n</think>\n\n{text}"
    if one.get("name"):
        text = f"{one['name']}: {text}"
    single = [{"function": one["function_call"]}] if one.get("function_call") else []
    calls = [_call(call) for call in [*(one.get("tool_calls") or []), *single]]
    return "\n".join([*([text] if text else []), *calls])


def _call(call: Any) -> str:
    function = call.get("function", call) if isinstance(call, Mapping) else {}
    arguments = function.get("arguments", {})
    if isinstance(arguments, str):
        with contextlib.suppress(ValueError):  # what is no JSON stays as the model wrote it
            arguments = json.loads(arguments)
    said = json.dumps({"name": function.get("name"), "arguments": arguments}, ensure_ascii=False)
    return f"<tool_call>\n{said}\n</tool_call>"


def with_tools(row: Mapping[str, Any], turns: list[Turn], plain: bool) -> list[Turn]:
    """The same with the row's tools in the system turn, in the words of the Hermes format."""
    found = [name for name in TOOLS if row.get(name) not in (None, [], {})]
    if found and not plain:
        raise NeedsPlain(f"{', '.join(found)}: no text of a turn; --plain writes it as one")
    tools = row.get("tools") or row.get("functions") or []
    if not tools:
        return turns
    listed = "\n".join(json.dumps(tool, ensure_ascii=False) for tool in (tools if isinstance(tools, list) else [tools]))
    call = '<tool_call>\n{"name": …, "arguments": {…}}\n</tool_call>'
    text = f"You can call these tools:\n<tools>\n{listed}\n</tools>\nCall one with:\n{call}"
    if turns and turns[0]["role"] == "system":
        return [{"role": "system", "content": f"{turns[0]['content']}\n\n{text}"}, *turns[1:]]
    return [{"role": "system", "content": text}, *turns]
