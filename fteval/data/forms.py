"""Training rows by their name: which trainer takes them, said to whoever gives them to another one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_FORMS = (
    ({"chosen", "rejected"}, "preferences", "dpo, kto and reward_model take them"),
    ({"preferred_output", "non_preferred_output"}, "preferences", "dpo, kto and reward_model take them"),
    ({"prompt", "completion", "label"}, "labelled answers", "kto takes them"),
    ({"messages"}, "conversations", "sft takes them"),
    ({"prompt", "completion"}, "conversations", "sft takes them"),
    ({"prompt", "target"}, "conversations", "sft takes them"),
    ({"text"}, "plain texts", "continue_pretraining takes them"),
)


def form_of(row: Mapping[str, Any], *taken: str) -> str | None:
    """What a training row is, and who takes it; None for what is `taken`, or has no name of its own here."""
    for keys, name, who in _FORMS:
        if keys <= row.keys():
            return None if name in taken else f"these are {name}: {who}"
    if isinstance(row.get("prompt"), str) and row.keys() <= {"prompt", "id", "group", "slices", "metadata"}:
        name = "prompts without an answer"
        return None if name in taken else f"these are {name}: grpo, rloo and distill take them"
    return None
