"""Pairs to learn from: a prompt, an answer that is preferred, and one that is not; and answers with a label alone.

{"prompt", "chosen", "rejected"}                            text, or turns
{"chosen": [turns], "rejected": [turns]}                    both with the prompt that they share
{"input", "preferred_output", "non_preferred_output"}       as hosted fine-tuning takes them
{"prompt", "completion", "label": true or false}            one answer, and whether it is a good one
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fteval.data.chat import Turn, spoken, valid_text
from fteval.data.forms import form_of
from fteval.data.jsonl import Problems, rows
from fteval.errors import UserError

_PAIR = 'one a line: {"prompt": …, "chosen": …, "rejected": …}'


def read_pairs(path: Path) -> list[dict[str, Any]]:
    """`{"prompt": [turns], "chosen": [answer], "rejected": [answer]}` for every row, in the order of the file.

    Raises UserError with everything that is wrong with the file, each with its line, and for a file without rows.
    """
    return _read(path, lambda row: [_as_pair(row)], "preferences")


def read_labelled(path: Path) -> list[dict[str, Any]]:
    """`{"prompt": [turns], "completion": [answer], "label": bool}`, two of a pair; raises as `read_pairs`."""
    return _read(path, _labelled, "preferences", "labelled answers")


def preference(row: Mapping[str, Any]) -> tuple[list[Turn], Turn, Turn]:
    """Prompt, better and worse answer of a row of any form. Raises ValueError for what is none, or prefers nothing."""
    asked, better, worse = _preference(row)
    if not asked or asked[-1]["role"] != "user":
        raise ValueError("the prompt of a preference must end with what the user says")
    if better == worse:
        raise ValueError("both answers are the same: there is nothing to prefer")
    return asked, better, worse


def _read(path: Path, made: Callable[[Mapping[str, Any]], list[dict[str, Any]]], *taken: str) -> list[dict[str, Any]]:
    problems = Problems(path)
    found: list[dict[str, Any]] = []
    for number, row in rows(path, problems):
        try:
            found += made(row)
        except ValueError as error:
            problems.add(number, str(error), form_of(row, *taken))
    problems.check()
    if not found:
        raise UserError("no preferences to learn from", where=str(path), fix=_PAIR)
    return found


def _as_pair(row: Mapping[str, Any]) -> dict[str, Any]:
    asked, better, worse = preference(row)
    return {"prompt": asked, "chosen": [better], "rejected": [worse]}


def _labelled(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    if "label" not in row:
        if "chosen" not in row and "preferred_output" not in row:
            raise ValueError(f"wanted 'prompt', 'completion' and 'label', or a pair; keys: {_keys(row)}")
        asked, better, worse = preference(row)
        return [{"prompt": asked, "completion": [said], "label": said is better} for said in (better, worse)]
    if not isinstance(row["label"], bool):
        raise ValueError(f"'label' is {row['label']!r}, wanted true for a good answer or false")
    if "prompt" not in row or "completion" not in row:
        raise ValueError(f"wanted 'prompt', 'completion' and 'label'; keys: {_keys(row)}")
    asked = [_valid(turn) for turn, _ in spoken(row["prompt"], "prompt", "user")]
    if asked[-1]["role"] != "user":
        raise ValueError("the prompt must end with what the user says")
    return [{"prompt": asked, "completion": [_answer(row["completion"], "completion")], "label": row["label"]}]


def _preference(row: Mapping[str, Any]) -> tuple[list[Turn], Turn, Turn]:
    if "input" in row:
        asked = row["input"].get("messages") if isinstance(row["input"], Mapping) else None
        names = ("input.messages", "preferred_output", "non_preferred_output")
    else:
        asked, names = row.get("prompt"), ("prompt", "chosen", "rejected")
    if asked is None and isinstance(row.get("chosen"), list) and isinstance(row.get("rejected"), list):
        asked, row = row["chosen"][:-1], {name: row[name][-1:] for name in names[1:]} | {"shared": row["rejected"][:-1]}
        if asked != row["shared"]:
            raise ValueError("'chosen' and 'rejected' do not begin with the same prompt")
    missing = [name for name in names[1:] if name not in row]
    if not asked or missing:
        raise ValueError(f"wanted 'prompt' with 'chosen' and 'rejected'; keys: {_keys(row)}")
    prompt = [_valid(turn) for turn, _ in spoken(asked, names[0], "user")]
    return prompt, _answer(row[names[1]], names[1]), _answer(row[names[2]], names[2])


def _keys(row: Mapping[str, Any]) -> str:
    return ", ".join(sorted(map(str, row))) or "none"


def _answer(value: Any, name: str) -> Turn:
    said = [turn for turn, _ in spoken(value, name, "assistant")]
    if len(said) != 1 or said[0]["role"] != "assistant":
        raise ValueError(f"'{name}' must be one turn of the assistant, found {', '.join(t['role'] for t in said)}")
    if not said[0]["content"].strip():
        raise ValueError(f"'{name}' is an empty answer")
    return _valid(said[0])


def _valid(turn: Turn) -> Turn:
    return {"role": turn["role"], "content": valid_text(turn["content"])}
