"""Rows in the form that somebody wants them in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fteval.data.convert.forms import Example

Row = dict[str, Any]


def _turns(one: Example) -> list[dict[str, Any]]:
    if not one.turns:
        raise ValueError("a plain text without a question: `--to text` keeps it, for continue_pretraining")
    return list(one.turns)


def _answer(one: Example) -> str:
    if one.first is None:
        raise ValueError("a question without an answer: `--to chat` and `--to prompt` keep it")
    return one.first


def _more(one: Example, *taken: str) -> Row:
    return {key: value for key, value in one.more.items() if key not in taken}


def _chat(one: Example) -> Row:
    turns = _turns(one)
    if one.first is not None:
        weight = {} if one.weight is None else {"weight": one.weight}
        turns = [*turns, {"role": "assistant", "content": one.first, **weight}]
    several = {"target": list(one.answer)} if isinstance(one.answer, tuple) else {}
    return {**_more(one, "messages", "target"), "messages": turns, **several}


def _prompt_text(one: Example) -> str:
    """The question as one text. Raises ValueError where there is more than that and perhaps a system prompt."""
    turns = _turns(one)
    if [turn["role"] for turn in turns if turn["role"] != "system"] != ["user"]:
        raise ValueError("a conversation of several turns is no text: `--to chat` keeps it")
    return "\n\n".join(turn["content"] for turn in turns)


def _prompt(one: Example) -> Row:
    target = list(one.answer) if isinstance(one.answer, tuple) else one.answer
    asked = {"prompt": _prompt_text(one)}
    return {**_more(one, "prompt", "target"), **asked, **({} if target is None else {"target": target})}


def _completion(one: Example) -> Row:
    return {**_more(one, "prompt", "completion"), "prompt": _prompt_text(one), "completion": _answer(one)}


def _alpaca(one: Example) -> Row:
    return {"instruction": _prompt_text(one), "input": "", "output": _answer(one)}


def _alpaca_text(one: Example) -> Row:
    head = "Below is an instruction that describes a task. Write a response that appropriately completes the request."
    return {"text": f"{head}\n\n### Instruction:\n{_prompt_text(one)}\n\n### Response:\n{_answer(one)}"}


def _sharegpt(one: Example) -> Row:
    names = {"user": "human", "assistant": "gpt"}
    said = [*_turns(one), {"role": "assistant", "content": _answer(one)}]
    turns = [{"from": names.get(turn["role"], turn["role"]), "value": turn["content"]} for turn in said]
    return {**_more(one, "conversations"), "conversations": turns}


def _pair(one: Example) -> tuple[list[dict[str, Any]], str, str]:
    if one.rejected is None:
        raise ValueError("no answer that is rejected: this is no preference")
    return _turns(one), _answer(one), one.rejected


def _said(text: str) -> list[dict[str, Any]]:
    return [{"role": "assistant", "content": text}]


def _pairs(one: Example) -> Row:
    turns, better, worse = _pair(one)
    return {**_more(one, "prompt"), "prompt": turns, "chosen": _said(better), "rejected": _said(worse)}


def _hosted_pairs(one: Example) -> Row:
    turns, better, worse = _pair(one)
    return {"input": {"messages": turns}, "preferred_output": _said(better), "non_preferred_output": _said(worse)}


def _text(one: Example) -> Row:
    if one.text is not None:
        return {"text": one.text}
    said = [*one.turns, *(_said(one.first) if one.first is not None else [])]
    return {"text": "\n\n".join(turn["content"] for turn in said)}


FORMS: Mapping[str, Callable[[Example], Row]] = {
    "chat": _chat,
    "prompt": _prompt,
    "completion": _completion,
    "alpaca": _alpaca,
    "alpaca-text": _alpaca_text,
    "sharegpt": _sharegpt,
    "pairs": _pairs,
    "hosted-pairs": _hosted_pairs,
    "text": _text,
}
"""Each raises ValueError for a row that the form cannot say."""
