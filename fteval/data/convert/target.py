"""What a right answer is, as text that a model can say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Answer = str | tuple[str, ...]


def answer_of(value: Any) -> tuple[Answer, tuple[str, ...]]:
    """The answer, or all that are accepted, and what was written in another way than it stood there.

    Raises ValueError for no answer: null, empty, NaN.
    """
    if value is None:
        raise ValueError("the answer is null")
    if isinstance(value, bool):
        return ("yes" if value else "no"), ("true and false are written as yes and no",)
    if isinstance(value, int | float):
        if value - value != 0:
            raise ValueError(f"the answer is {value}, which is not a value")
        return json.dumps(value), ("numbers are written as text",)
    if isinstance(value, str):
        if not value.strip():
            raise ValueError("an empty answer")
        return value, ()
    if isinstance(value, Mapping):
        return _of_object(value)
    return _of_list(value)


def _of_object(value: Mapping[str, Any]) -> tuple[Answer, tuple[str, ...]]:
    if isinstance(value.get("content"), str) and "role" in value:
        return answer_of(value["content"])
    if isinstance(value.get("text"), list) and set(value) <= {"text", "answer_start"}:  # as in SQuAD
        return answer_of(value["text"])
    if isinstance(value.get("value"), str) and isinstance(value.get("aliases"), list):  # as in TriviaQA
        return answer_of([value["value"], *value["aliases"]])
    return json.dumps(value, ensure_ascii=False), ("objects are written as JSON",)


def _of_list(value: Any) -> tuple[Answer, tuple[str, ...]]:
    texts = [one for one in value if isinstance(one, str) and one.strip()]
    if not value:
        raise ValueError("an empty list of answers")
    if len(texts) == len(value):
        several = tuple(dict.fromkeys(texts))
        return (several[0] if len(several) == 1 else several), ()
    last = value[-1]
    if isinstance(last, Mapping) and isinstance(last.get("content"), str) and last.get("role") == "assistant":
        if len(value) > 1:
            raise ValueError(f"the answer is {len(value)} turns, wanted one")
        return answer_of(last["content"])
    return json.dumps(value, ensure_ascii=False), ("lists are written as JSON",)


def lettered(asked: dict[str, Any], choices: Any, right: Any) -> tuple[dict[str, Any], str]:
    """The question with its choices below it, and the letter of the right one.

    An answer that is the place of a choice is something a model cannot say; the letter before that choice is.
    """
    labels: list[str] | None = None
    if isinstance(choices, Mapping) and isinstance(choices.get("text"), list):  # as in ARC
        labels, choices = [str(label) for label in choices.get("label") or []], choices["text"]
    if not isinstance(choices, list) or not all(isinstance(choice, str) for choice in choices) or len(choices) > 26:
        raise ValueError("'choices' must be a list of texts, 26 at most")
    letters = labels if labels and len(labels) == len(choices) else [chr(65 + i) for i in range(len(choices))]
    if labels and str(right) in letters:  # labels may be numbers, and texts of choices too
        right = str(right)
    elif isinstance(right, int) and not isinstance(right, bool) and 0 <= right < len(choices):
        right = letters[right]
    elif right in choices:
        place = choices.index(right)
        if right in letters and letters[place] != right:
            raise ValueError(f"the answer {right!r} is the text of one choice and the letter of another")
        right = letters[place]
    if right not in letters:
        raise ValueError(f"the answer {right!r} is none of the {len(choices)} choices")
    below = "\n".join(f"{letter}. {choice}" for letter, choice in zip(letters, choices, strict=True))
    return {**asked, "content": f"{asked['content']}\n{below}"}, right
