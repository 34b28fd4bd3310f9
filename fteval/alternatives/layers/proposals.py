"""What a model is asked when it is to write a better prompt, and the prompt in what it writes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fteval.records.reasoning import parts

SHORTEST, LONGEST = 8, 2000
"""Characters of a prompt."""
_FENCE = re.compile(r"```[^\S\n]*(?:\w+[^\S\n]*(?=\n))?(.+?)```", re.DOTALL)
_QUOTED = re.compile(
    r"^[^\S\n]*(?:(?:new )?(?:instruction|prompt)\s*:\s*)?[\"“](.+)[\"”][^\S\n]*$", re.MULTILINE | re.I
)
CUT = 300
"""Characters of a question or an answer that the proposer reads."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """An answer that was not as it should be."""

    question: str
    answer: str
    reason: str


def asked_for_better(prompt: str, goal: str, mistakes: Sequence[Mistake]) -> str:
    """What the proposer is asked. It sees dev rows, and never one of the hold-out."""
    now = f"The instruction now:\n```\n{prompt}\n```" if prompt else "There is no instruction yet."
    shown = "\n\n".join(
        f"Question: {_cut(one.question)}\nAnswer: {_cut(one.answer)}\nWrong: {_cut(one.reason)}" for one in mistakes
    )
    return (
        f"You write the instruction that a language model is given before every question. Its answers are judged by"
        f" {goal}.\n\n{now}\n\nWith it, these answers were not good enough:\n\n{shown}\n\nWrite one better instruction:"
        " short, clear, for any question, without these questions or their answers. Put the instruction alone between"
        " triple backticks."
    )


def proposed(text: str) -> str | None:
    """The prompt in what a proposer wrote: what stands in fences, else a line in quotation marks; None for prose."""
    answer = parts(text).answer
    for found in (_FENCE.search(answer), _QUOTED.search(answer)):
        if found and SHORTEST <= len(prompt := found[1].strip().strip('"“”').strip()) <= LONGEST:
            return prompt
    return None


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= CUT else f"{line[: CUT - 1]}…"
