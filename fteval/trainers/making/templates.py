"""A chat template for a base that has none: the candidate brings it, and the base is then asked by it too.

An answer ends with the tokenizer's own end token, which the base knows: `<|im_end|>` would be six tokens to most, and
none that stops a model.
"""

from __future__ import annotations

from pathlib import Path

from fteval.engines.local.chat import Chat
from fteval.errors import UserError

_BEGIN = "{%- if bos_token %}{{- bos_token }}{%- endif %}"
_ANSWER = "{{- message['content'] + eos_token }}"

NAMED = {
    # As OpenAI wrote conversations down, and Qwen does.
    "chatml": _BEGIN
    + "{%- for message in messages %}{%- if not loop.first %}{{- '\\n' }}{%- endif %}"
    + "{{- '<|im_start|>' + message['role'] + '\\n' }}"
    + "{%- if message['role'] == 'assistant' %}" + _ANSWER
    + "{%- else %}{{- message['content'] + '<|im_end|>' }}{%- endif %}{%- endfor %}"
    + "{%- if add_generation_prompt %}{{- '\\n<|im_start|>assistant\\n' }}{%- endif %}",
    # github.com/tatsu-lab/stanford_alpaca, "Data Release"; what the system says stands in place of its first sentence.
    "alpaca": _BEGIN
    + "{%- if messages[0]['role'] == 'system' %}{{- messages[0]['content'] }}"
    + "{%- else %}{{- 'Below is an instruction that describes a task. Write a response that appropriately completes "
    + "the request.' }}{%- endif %}"
    + "{%- for message in messages %}"
    + "{%- if message['role'] == 'user' %}{{- '\\n\\n### Instruction:\\n' + message['content'] }}"
    + "{%- elif message['role'] == 'assistant' %}{{- '\\n\\n### Response:\\n' }}" + _ANSWER
    + "{%- endif %}{%- endfor %}"
    + "{%- if add_generation_prompt %}{{- '\\n\\n### Response:\\n' }}{%- endif %}",
}  # fmt: skip
"""By the names that a recipe may say."""


def is_template(said: str) -> bool:
    return said in NAMED or Path(said).is_file()


def give(chat: Chat, said: str) -> None:
    """Has a tokenizer asked by the template of this name or file.

    Raises UserError for a base that has one, and for one whose tokenizer has no end token.
    """
    where = str(chat.folder)
    if chat.template is not None:
        raise UserError(
            "this base has a chat template: another one would have it asked in a way that it has not learnt",
            where=where,
            fix="leave `template` out",
        )
    if said in NAMED and chat.tokenizer.eos_token is None:
        raise UserError("this tokenizer has no end token, so no answer could end", where=where)
    chat.template = text(said)


def text(said: str) -> str:
    """The template itself, of its name or file."""
    return NAMED.get(said) or Path(said).read_text(encoding="utf-8")
