"""Training rows as hosted fine-tuning takes them, from the rows that people have for any trainer.

    method         what a file may hold                                        what is uploaded, a line each
    supervised     {"messages"}, {"prompt", "completion"}, {"prompt", "target"}  {"messages": […, answer]}
    dpo            {"prompt", "chosen", "rejected"}, or the hosted form        {"input", "preferred_output",
                                                                                "non_preferred_output"}
    reinforcement  {"messages"} or {"prompt"}, with what the grader reads      {"messages": […, question], "target", …}

A provider learns every assistant turn whose weight is not 0, so that what is only context says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fteval.data.chat import Turn, answers, spoken, turns, valid_text
from fteval.data.jsonl import Problems, rows
from fteval.data.preferences import preference
from fteval.errors import UserError


@dataclass(slots=True)
class HostedRows:
    """What is uploaded, and what of it is asked."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    prompts: list[list[Turn]] = field(default_factory=list)
    """What stands before each answer to learn; a conversation may have several."""

    @property
    def content(self) -> bytes:
        """The file's bytes: ASCII, the same for the same rows."""
        return b"".join(
            json.dumps(row, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n" for row in self.rows
        )


def read_hosted(path: Path, method: str) -> HostedRows:
    """The rows of a file for `supervised`, `dpo` or `reinforcement`, in its order.

    Raises UserError with everything that is wrong with the file, each with its line, and for a file without rows. How
    many rows are too few, and how long one may be, differs between providers, which say it themselves.
    """
    problems = Problems(path)
    found = HostedRows()
    for number, row in rows(path, problems):
        try:
            made, prompts = _METHODS[method](row)
        except ValueError as error:
            problems.add(number, str(error))
            continue
        found.rows.append(made)
        found.prompts += prompts
    problems.check()
    if not found.rows:
        raise UserError("no rows to learn from", where=str(path), fix="one row a line")
    return found


def _supervised(row: Mapping[str, Any]) -> tuple[dict[str, Any], list[list[Turn]]]:
    if "messages" in row and _has_tools(row):
        return _with_tools(row)
    conversation = turns(row)
    learnt = answers(conversation)
    # What stands behind the last answer to learn teaches nothing, and providers want an answer at the end.
    last = max(at for at, (turn, weight) in enumerate(conversation) if weight and turn["role"] == "assistant")
    said = [
        {**_valid(turn), **({} if weight or turn["role"] != "assistant" else {"weight": 0})}
        for turn, weight in conversation[: last + 1]
    ]
    return {"messages": said}, [one["prompt"] for one in learnt]


_PASSED_ON = ("tools", "functions", "parallel_tool_calls")
_OF_A_TURN = frozenset(["role", "content", "name", "tool_calls", "tool_call_id", "function_call", "weight"])
_SPEAKERS = ("system", "developer", "user", "assistant", "tool", "function")


def _has_tools(row: Mapping[str, Any]) -> bool:
    turns = row["messages"] if isinstance(row["messages"], list) else []
    known = [turn for turn in turns if isinstance(turn, Mapping)]
    keys = {key for turn in known for key in turn}
    return (
        not keys.isdisjoint(_OF_A_TURN - {"role", "content", "weight"})
        or any(name in row for name in _PASSED_ON)
        or any(turn.get("role") in ("developer", "tool", "function") for turn in known)
    )


def _with_tools(row: Mapping[str, Any]) -> tuple[dict[str, Any], list[list[Turn]]]:
    """A conversation with tools or named speakers, passed on whole: what is in it is the provider's to read."""
    given = row["messages"]
    for position, turn in enumerate(given):
        if not isinstance(turn, Mapping) or turn.get("role") not in _SPEAKERS:
            raise ValueError(f"messages[{position}] needs a 'role' of {', '.join(_SPEAKERS)}")
        unknown = sorted(set(turn) - _OF_A_TURN)
        if unknown:
            raise ValueError(f"messages[{position}].{unknown[0]} is nothing that hosted fine-tuning reads")
    learnt = [i for i, turn in enumerate(given) if turn["role"] == "assistant" and turn.get("weight", 1) != 0]
    if not learnt:
        raise ValueError("no answer to learn: the row has no assistant turn with a weight other than 0")
    prompts = [_spoken_text(given[:position]) for position in learnt]
    passed = {name: row[name] for name in _PASSED_ON if name in row}
    return _in_unicode({"messages": list(given[: learnt[-1] + 1]), **passed}), prompts


def _spoken_text(turns: list[Any]) -> list[Turn]:
    return [{"role": t["role"], "content": t["content"]} for t in turns if isinstance(t.get("content"), str)]


def _in_unicode(value: Any) -> Any:
    if isinstance(value, str):
        return valid_text(value)
    if isinstance(value, Mapping):
        return {key: _in_unicode(inner) for key, inner in value.items()}
    return [_in_unicode(inner) for inner in value] if isinstance(value, list) else value


def _dpo(row: Mapping[str, Any]) -> tuple[dict[str, Any], list[list[Turn]]]:
    asked, better, worse = preference(row)
    made = {
        "input": {"messages": asked, "tools": [], "parallel_tool_calls": True, **_tools_of(row)},
        "preferred_output": [better],
        "non_preferred_output": [worse],
    }
    return made, [asked]


def _tools_of(row: Mapping[str, Any]) -> dict[str, Any]:
    known = row["input"] if isinstance(row.get("input"), Mapping) else {}
    return {name: known[name] for name in ("tools", "parallel_tool_calls") if name in known}


def _reinforcement(row: Mapping[str, Any]) -> tuple[dict[str, Any], list[list[Turn]]]:
    if "messages" not in row and "prompt" not in row:
        raise ValueError(f"wanted 'messages' or 'prompt'; keys: {', '.join(sorted(map(str, row))) or 'none'}")
    name = "messages" if "messages" in row else "prompt"
    said = [_valid(turn) for turn, _ in spoken(row[name], name, "user")]
    extra = {key: value for key, value in row.items() if key not in ("messages", "prompt")}
    if said[-1]["role"] == "assistant":
        # As in a hold-out, a last answer is the target: the model is to find it, not to read it.
        extra.setdefault("target", said.pop()["content"])
    if not said or said[-1]["role"] != "user":
        raise ValueError("the prompt must end with what the user says")
    return {"messages": said, **extra}, [said]


_METHODS: dict[str, Callable[[Mapping[str, Any]], tuple[dict[str, Any], list[list[Turn]]]]] = {
    "supervised": _supervised,
    "dpo": _dpo,
    "reinforcement": _reinforcement,
}


def _valid(turn: Turn) -> Turn:
    return {"role": turn["role"], "content": valid_text(turn["content"])}
