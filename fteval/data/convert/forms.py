"""What a row of any form says: who said what, which answer is right, and which is not."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fteval.data.convert import logs
from fteval.data.convert.target import answer_of, lettered
from fteval.data.convert.turns import Turn, content_of, conversation, turn, with_tools
from fteval.records import markup

PROMPTS = ("prompt", "question", "instruction", "input", "query", "problem")
TARGETS = (
    "target", "completion", "answer", "response", "ideal", "reference", "solution", "answers", "output", "label",
    "answerKey",
)  # fmt: skip
"""Keys under which people keep what is asked and what is right, the surest first."""
PACKED = ("messages", "conversations", "contents", "prompt", "completion", "chosen", "rejected", "tools")
"""Keys whose text may be JSON: a table has no lists."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Under which keys a file has what is asked and what is right; None: where people usually keep it."""

    prompt: str | None = None
    target: str | None = None
    plain: bool = False
    """Tools, their calls, names and reasoning become text of their turns; without it such a row is refused."""


@dataclass(frozen=True, slots=True)
class Example:
    """One conversation up to the answer, or one text."""

    turns: tuple[Turn, ...] = ()
    """What stands before the answer, as `{"role", "content"}`, an answer among them perhaps with a `weight`."""
    answer: str | tuple[str, ...] | None = None
    """Several texts: any of them is right. None: only the prompt is there."""
    weight: Any = None
    """Of the answer, where the row has one."""
    rejected: str | None = None
    text: str | None = None
    """A text that is no conversation."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """What else the row says: id, group, slices, metadata, and keys of its own."""
    notes: tuple[str, ...] = ()
    """What was written in another way than it stood there."""

    @property
    def first(self) -> str | None:
        """The answer to learn."""
        return self.answer[0] if isinstance(self.answer, tuple) else self.answer


def example(row: Mapping[str, Any], keys: Keys = Keys()) -> Example:
    """What a row says. Raises ValueError for one that says nothing known (`NeedsPlain` where `plain` would do)."""
    row = {key: _unpacked(value) if key in PACKED else value for key, value in row.items() if value != ""}
    if keys.prompt is not None or keys.target is not None:
        return _asked(row, _key(row, keys.prompt, PROMPTS), keys.target, keys)
    for known, made in _FORMS:
        if known(row):
            return made(row, keys)
    found = ", ".join(sorted(map(str, row))) or "none"
    raise ValueError(f"neither a conversation nor a question was found; keys: {found}")


def _unpacked(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip()[:2] in ("[{", '{"'):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _key(row: Mapping[str, Any], named: str | None, usual: Sequence[str]) -> str:
    key = named or next((key for key in usual if key in row), None)
    if key is None or key not in row:
        raise ValueError(f"no {key or 'prompt'!r}; keys: {', '.join(sorted(map(str, row))) or 'none'}")
    return key


def _rest(row: Mapping[str, Any], *used: str) -> dict[str, Any]:
    rest = {key: _finite(value) for key, value in row.items() if key not in used}
    if isinstance(rest.get("id"), float) and rest["id"].is_integer():
        rest["id"] = int(rest["id"])
    return rest


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and value - value != 0 else value


# --- the forms -------------------------------------------------------------------------------------


def _chat(key: str) -> Callable[[Mapping[str, Any], Keys], Example]:
    def made(row: Mapping[str, Any], keys: Keys) -> Example:
        before = [row[name] for name in ("system", "systemInstruction", "system_instruction") if name in row]
        said = row[key].get("messages") if isinstance(row[key], Mapping) else row[key]
        rest = _rest(row, key, "system", "systemInstruction", "system_instruction", "tools", "functions",
                     "parallel_tool_calls", "tool_choice", "function_call")  # fmt: skip
        system = [{"role": "system", "content": content_of(one)} for one in before]
        turns = with_tools(row, system + conversation(said, key, keys.plain), keys.plain)
        return _from_turns(turns, rest, rest.pop("target", None))

    return made


def _from_turns(turns: Sequence[Turn], rest: Mapping[str, Any], target: Any = None) -> Example:
    if not any(one["role"] == "user" for one in turns):
        raise ValueError("nobody asks: the row has no turn of a user")
    if turns[-1]["role"] != "assistant":
        return _with_answer(turns, target, rest) if target is not None else Example(tuple(turns), more=rest)
    last = turns[-1]
    given = target if isinstance(target, list) else [target]
    if target is not None and last["content"] not in map(str, given):
        raise ValueError("'target' is another answer than the last turn: keep the one that is right")
    made = _with_answer(turns[:-1], target if target is not None else last["content"], rest)
    return Example(made.turns, made.answer, last.get("weight"), more=made.more, notes=made.notes)


def _with_answer(turns: Sequence[Turn], value: Any, rest: Mapping[str, Any]) -> Example:
    answer, notes = answer_of(value)
    return Example(tuple(turns), answer, more=rest, notes=notes)


def _asked(row: Mapping[str, Any], prompt: str, target: str | None, keys: Keys) -> Example:
    turns, used = _question(row, prompt, keys)
    named = keys.prompt is not None and target is None  # what else a row has then stays as it is
    right = target or next((key for key in TARGETS if key in row and key not in used and not named), None)
    if right is None:
        return Example(tuple(turns), more=_rest(row, *used))
    if right not in row:
        raise ValueError(f"no {right!r}; keys: {', '.join(sorted(map(str, row)))}")
    value = row[right]
    if "choices" in row or "options" in row:
        turns[-1], value = lettered(turns[-1], row.get("choices", row.get("options")), value)
        used += ["choices", "options"]
    return _with_answer(turns, value, _rest(row, *used, right))


def _question(row: Mapping[str, Any], prompt: str, keys: Keys) -> tuple[list[Turn], list[str]]:
    """The turns that ask, and the keys that they stand under."""
    turns, used = _prompt(row[prompt], prompt, keys), [prompt]
    if prompt == "instruction" or "instruction" in row:
        given = next((k for k in ("input", "context") if isinstance(row.get(k), str) and k != prompt), None)
        if given is not None:
            turns[-1] = {**turns[-1], "content": f"{turns[-1]['content']}\n\n{row[given]}"}
            used.append(given)
    if isinstance(row.get("system"), str):
        turns, used = [{"role": "system", "content": row["system"]}, *turns], [*used, "system"]
    return turns, used


def _prompt(value: Any, key: str, keys: Keys) -> list[Turn]:
    if isinstance(value, str):
        said = markup.turns(value)
        if said and said[-1]["role"] == "assistant" and not said[-1]["content"]:
            said = said[:-1]  # the place where the answer goes
        if not value.strip():
            raise ValueError(f"{key!r} says nothing")
        return said or [{"role": "user", "content": value}]
    return conversation(value, key, keys.plain)


def _pair(row: Mapping[str, Any], keys: Keys) -> Example:
    usual: Sequence[str]
    if "preferred_output" in row:
        names, usual = ("preferred_output", "non_preferred_output"), ("input",)
        if isinstance(row.get("input"), Mapping):
            row = {**row, "input": row["input"].get("messages")}
    else:
        names, usual = ("chosen", "rejected"), PROMPTS
    better, worse = (_said(row.get(name), name, keys) for name in names)
    if better[:-1] != worse[:-1]:
        raise ValueError(f"{names[0]!r} and {names[1]!r} do not begin with the same prompt")
    asked = next((key for key in usual if row.get(key) is not None), None)
    turns, used = ([], []) if asked is None else _question(row, asked, keys)
    if better[0]["role"] == "assistant":
        turns = [*turns, *better[:-1]]
    else:  # a whole conversation, of which the prompt is a part
        turns = [*(one for one in turns if one["role"] == "system" != better[0]["role"]), *better[:-1]]
    texts = [one[-1]["content"] for one in (better, worse)]
    if not turns or not all(text.strip() for text in texts):
        raise ValueError("a pair has a prompt and two answers that say something")
    if texts[0] == texts[1]:
        raise ValueError("both answers are the same: there is nothing to prefer")
    rest = _rest(row, *names, *used)
    return Example(tuple(turns), texts[0], rejected=texts[1], more=rest)


def _said(value: Any, name: str, keys: Keys) -> list[Turn]:
    if isinstance(value, str):
        return markup.turns(value) or [{"role": "assistant", "content": value}]
    return conversation([value] if isinstance(value, Mapping) else value, name, keys.plain)


def _log(row: Mapping[str, Any], keys: Keys) -> Example:
    said = logs.said(row)
    assert said is not None
    asked, answered, used = said
    turns = _prompt(asked, used[0], keys)
    if answered is None:
        return _from_turns(turns, _rest(row, *used))
    last = turn(answered, used[-1], keys.plain) if isinstance(answered, Mapping) else None
    return _with_answer(turns, last["content"] if last else answered, _rest(row, *used))


def _text(row: Mapping[str, Any], keys: Keys) -> Example:
    if not isinstance(row["text"], str) or not row["text"].strip():
        raise ValueError("an empty text")
    said = markup.turns(row["text"])
    return _from_turns(said, _rest(row, "text")) if said else Example(text=row["text"], more=_rest(row, "text"))


_FORMS: tuple[tuple[Callable[[Mapping[str, Any]], bool], Callable[[Mapping[str, Any], Keys], Example]], ...] = (
    (lambda row: "messages" in row, _chat("messages")),
    (lambda row: "conversations" in row, _chat("conversations")),
    (lambda row: "conversation" in row, _chat("conversation")),
    (lambda row: "contents" in row, _chat("contents")),
    (lambda row: {"chosen", "rejected"} <= row.keys() or "preferred_output" in row, _pair),
    (lambda row: logs.said(row) is not None, _log),
    (lambda row: any(k in row for k in PROMPTS), lambda row, keys: _asked(row, _key(row, None, PROMPTS), None, keys)),
    (lambda row: "text" in row, _text),
)
