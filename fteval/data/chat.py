"""Conversations to learn from: chat rows as prompt and answer, the form in which only the answer is trained on.

Hosted fine-tuning takes `weight: 0` on an assistant turn to mean "do not learn this one"; TRL ignores it, and learns
every turn of a `messages` row. Here each assistant turn that is to be learnt becomes a row of its own: what stood
before it is the prompt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fteval.data.convert.mended import leaving_out, mended
from fteval.data.forms import form_of
from fteval.data.jsonl import Problems, rows
from fteval.errors import UserError
from fteval.records import check_honoured

ROLES = ("system", "user", "assistant")
Turn = dict[str, str]


def read_conversations(path: Path) -> list[dict[str, list[Turn]]]:
    """`{"prompt": [turns], "completion": [the answer]}` for every answer to be learnt, in the order of the file.

    Takes `{"messages": […]}`, `{"prompt": text or turns, "completion": text or [answer]}` and `{"prompt", "target"}`.
    Raises UserError with everything that is wrong with the file, each with its line, and for a file without rows.
    """
    problems = Problems(path)
    found: list[dict[str, list[Turn]]] = []
    without: str | None = None
    for number, row in rows(path, problems):
        try:
            found += answers(turns(row))
        except ValueError as error:
            without = without or leaving_out(path, row)
            ways = (form_of(row, "conversations"), mended(path, row, answered=True))
            problems.add(number, str(error), "; or as conversations: ".join(way for way in ways if way) or None)
    problems.fix = problems.fix or (without if found else None)
    problems.check()
    if not found:
        raise UserError("no rows to learn from", where=str(path), fix='one row a line: {"messages": [user, assistant]}')
    return found


def answers(conversation: Sequence[tuple[Turn, bool]]) -> list[dict[str, list[Turn]]]:
    """A row for every answer of a conversation that is to be learnt. Raises ValueError when there is none to learn."""
    made = []
    for position, (turn, learnt) in enumerate(conversation):
        if turn["role"] == "assistant" and learnt:
            prompt = [t for t, _ in conversation[:position]]
            if not prompt:
                raise ValueError("the conversation begins with the answer: there is nothing to answer")
            if not turn["content"].strip():
                raise ValueError("an empty answer: give it a text, or a weight of 0")
            made.append({"prompt": prompt, "completion": [turn]})
    if not made:
        raise ValueError("no answer to learn: no assistant turn, or each with a weight of 0 (1 is learnt)")
    return made


def turns(row: Mapping[str, Any]) -> list[tuple[Turn, bool]]:
    """The turns of a row, and whether each answer is to be learnt. Raises ValueError for what is no conversation."""
    check_honoured(row, row.get("messages"))
    if "messages" in row:
        return [_turn(turn, f"messages[{i}]") for i, turn in enumerate(_list(row["messages"], "messages"))]
    answer = "completion" if "completion" in row else "target"
    if "prompt" not in row or answer not in row:
        keys = ", ".join(sorted(map(str, row))) or "none"
        raise ValueError(f"wanted 'messages', or 'prompt' with 'completion' or 'target'; keys: {keys}")
    prompt = spoken(row["prompt"], "prompt", "user")
    # Answers inside the prompt were said before: they are context.
    return [(turn, False) for turn, _ in prompt] + spoken(row[answer], answer, "assistant")


def spoken(value: Any, name: str, role: str) -> list[tuple[Turn, bool]]:
    """The turns under a key: a list of them, or a text that `role` says. Raises ValueError naming the key."""
    if isinstance(value, str):
        return [({"role": role, "content": value}, True)]
    return [_turn(turn, f"{name}[{i}]") for i, turn in enumerate(_list(value, name))]


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"'{name}' must be a list with at least one turn, found {type(value).__name__}")
    return value


def _turn(turn: Any, name: str) -> tuple[Turn, bool]:
    if not isinstance(turn, Mapping) or turn.get("role") not in ROLES:
        raise ValueError(f"{name} needs a 'role' of {', '.join(ROLES)}")
    if not isinstance(turn.get("content"), str):
        raise ValueError(f"{name}.content must be text, found {type(turn.get('content')).__name__}")
    weight = turn.get("weight", 1)
    if weight not in (0, 1):
        raise ValueError(f"{name}.weight is 0 or 1, found {weight!r}")
    return {"role": turn["role"], "content": turn["content"]}, weight != 0


def valid_text(text: str) -> str:
    """A text in valid Unicode: half a surrogate pair is no character, tokenizers refuse it, people mean U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
