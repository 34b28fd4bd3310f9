"""Conversations that a chat template has made into one text, back as turns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_ALPACA = re.compile(
    r"\A(?:Below is an instruction.*?\n\n)?### Instruction:\n(?P<user>.*?)(?:\n\n### Input:\n(?P<input>.*?))?"
    r"\n\n### Response:\n?(?P<assistant>.*)\Z",
    re.S,
)
_SPOKEN = (
    re.compile(r"<\|im_start\|>(?P<role>\w+)\n(?P<said>.*?)(?:<\|im_end\|>|\Z)", re.S),  # ChatML
    re.compile(r"<\|start_header_id\|>(?P<role>\w+)<\|end_header_id\|>\n\n(?P<said>.*?)(?:<\|eot_id\|>|\Z)", re.S),
    re.compile(r"<start_of_turn>(?P<role>\w+)\n(?P<said>.*?)(?:<end_of_turn>|\Z)", re.S),
    re.compile(r"<\|(?P<role>system|user|assistant)\|>\n(?P<said>.*?)(?:</s>|<\|end\|>|(?=<\|\w+\|>)|\Z)", re.S),
)
_SPOKEN_BY_NAME = re.compile(
    r"(?:\A|\n\n)(?P<role>Human|Assistant|System): ?(?P<said>.*?)(?=\n\n(?:Human|Assistant): ?|\Z)", re.S
)
_INST = re.compile(r"\[INST\](?P<user>.*?)\[/INST\](?P<assistant>.*?)(?=(?:<s>)?\s*\[INST\]|</s>|\Z)", re.S)
_SYS = re.compile(r"\A\s*<<SYS>>\n?(?P<system>.*?)\n?<</SYS>>\s*", re.S)
_AROUND = re.compile(r"\s|</?s>|<bos>|<eos>|<\|(?:begin_of_text|endoftext|end_of_text)\|>")
_ROLES = {"model": "assistant", "human": "user", "developer": "system"}


def turns(text: str) -> list[dict[str, Any]]:
    """The turns of a text in ChatML, Llama's, Mistral's, Gemma's, Zephyr's, Alpaca's or HH-RLHF's form; [] of none."""
    if "[INST]" in text:
        return list(_inst(text)) if _is_all(_INST, text) else []
    if alpaca := _ALPACA.match(text.strip()):
        asked = "\n\n".join(part for part in (alpaca["user"], alpaca["input"]) if part)
        return _turns([("user", asked), ("assistant", alpaca["assistant"].removesuffix("</s>"))])
    for form in _SPOKEN:
        said = [(found["role"].lower(), found["said"]) for found in form.finditer(text)]
        if any(_ROLES.get(role, role) == "user" for role, _ in said) and _is_all(form, text):
            return _turns(said)
    named = [(found["role"].lower(), found["said"]) for found in _SPOKEN_BY_NAME.finditer(text)]
    whole = {"human", "assistant"} <= {role for role, _ in named} and _is_all(_SPOKEN_BY_NAME, text)
    return _turns(named) if whole else []


def _is_all(form: re.Pattern[str], text: str) -> bool:
    """Whether nothing is said beside the turns, which would be lost."""
    return not _AROUND.sub("", form.sub("", text))


def _turns(said: list[tuple[str, str]]) -> list[dict[str, Any]]:
    return [{"role": _ROLES.get(role, role), "content": text.strip()} for role, text in said]


def _inst(text: str) -> Iterator[dict[str, Any]]:
    for found in _INST.finditer(text):
        asked = found["user"]
        if system := _SYS.match(asked):
            yield {"role": "system", "content": system["system"].strip()}
            asked = asked[system.end() :]
        yield {"role": "user", "content": asked.strip()}
        yield {"role": "assistant", "content": found["assistant"].strip()}
