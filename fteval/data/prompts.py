"""Prompts to be answered while training: hold-out rows without answers, or with what a reward needs to judge one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fteval.data.forms import form_of
from fteval.data.jsonl import Problems, rows
from fteval.errors import UserError
from fteval.records import Message, Sample, sample_from_row


def read_prompts(path: Path) -> list[dict[str, Any]]:
    """`{"prompt": [turns], "target": …, "metadata": {…}}` for every row, in the order of the file.

    Takes `{"messages"}` and `{"prompt"}` (text or turns); an answer at the end is the target, which rewards may read
    and the model does not. Raises UserError with everything that is wrong with the file, and for one without rows.
    """
    problems = Problems(path)
    found = []
    for number, row in rows(path, problems):
        try:
            found.append(_prompt(row))
        except ValueError as error:
            problems.add(number, str(error), form_of(row, "conversations", "prompts without an answer"))
    problems.check()
    if not found:
        raise UserError("no prompts to answer", where=str(path), fix='one a line: {"prompt": …} or {"messages": […]}')
    return found


def sample_of(row: Mapping[str, Any], number: int) -> Sample:
    """What a probe judges an answer by; its id is the row's number, from 1."""
    turns = tuple(Message(turn["role"], turn["content"]) for turn in row["prompt"])
    return Sample(str(number), turns, row["target"], metadata=row["metadata"])


def training_sample(row: Mapping[str, Any]) -> Sample:
    """What a training row asks, whose `prompt` may be turns. Raises ValueError for one that asks nothing."""
    if isinstance(row.get("prompt"), list) and "messages" not in row:
        row = {**{key: value for key, value in row.items() if key != "prompt"}, "messages": row["prompt"]}
    return sample_from_row(row)


def answer_of(sample: Sample) -> str:
    """What a training row answers, the first of several. Raises ValueError for a row without."""
    target = sample.target[0] if isinstance(sample.target, list | tuple) and sample.target else sample.target
    if not isinstance(target, str) or not target.strip():
        raise ValueError("no answer to show: a last assistant turn, or `target`")
    return target


def _prompt(row: Mapping[str, Any]) -> dict[str, Any]:
    sample = training_sample(row)
    if sample.messages[-1].role != "user" or not sample.messages[-1].content.strip():
        raise ValueError("the prompt must end with what the user says")
    turns = [{"role": message.role, "content": message.content} for message in sample.messages]
    return {"prompt": turns, "target": sample.target, "metadata": dict(sample.metadata)}
