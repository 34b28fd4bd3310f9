"""A prompt and how to answer it, as a server's JSON.

Every sampling field is said, also where it is the usual one: vLLM, for one, takes what the checkpoint recommends for
what is left out. Fields beyond OpenAI's own (`top_k` …) are said to servers that take them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fteval.errors import UserError
from fteval.records import Message, Sampling

CHAT, COMPLETIONS = "/chat/completions", "/completions"
NEUTRAL: Mapping[str, Any] = {"top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0, "top_p": 1.0, "temperature": 1.0}
"""Fields as they say "no change". Where a server refuses to be told so, they are left out."""
DROPPABLE = (*NEUTRAL, "seed")
"""What may be left out where a server refuses it; that is told. Without a seed, draws cannot be repeated."""
SEEDS = 2**31
"""Some servers keep a seed in 32 bits, with a sign."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a server wants said in its own way; found out by asking it."""

    path: str = CHAT
    length: str = "max_tokens"
    """What it calls the most tokens of an answer: `max_tokens` or `max_completion_tokens`."""
    without: frozenset[str] = frozenset()
    """Fields that it refuses."""

    def body(
        self,
        model: str,
        messages: tuple[Message, ...],
        sampling: Sampling,
        seed: int,
        tools: tuple[Mapping[str, Any], ...] = (),
    ) -> dict[str, Any]:
        """The request for one answer. Raises UserError for tools and a sampling field that the server does not take."""
        fields: dict[str, Any] = {"model": model}
        if self.path == CHAT:
            fields["messages"] = [{"role": m.role, "content": m.content} for m in messages]
            fields |= {"tools": list(tools)} if tools else {}
        elif tools:
            raise UserError(
                "this server completes text and knows no tools", fix="serve the model with a chat template, or a folder"
            )
        else:
            fields["prompt"] = plain(messages)
        fields |= {
            "temperature": sampling.temperature,
            **({} if sampling.top_p is None else {"top_p": sampling.top_p}),
            self.length: sampling.max_tokens,
            "seed": seed % SEEDS,
            **({"stop": list(sampling.stop)} if sampling.stop else {}),
            "top_k": sampling.top_k or NEUTRAL["top_k"],
            "min_p": NEUTRAL["min_p"],
            "repetition_penalty": sampling.repetition_penalty,
        }
        if sampling.chat_template_kwargs:
            fields["chat_template_kwargs"] = json.loads(sampling.chat_template_kwargs)
        fields |= json.loads(sampling.extra_body or "{}")
        for name in self.without:
            if name in NEUTRAL and fields.get(name, NEUTRAL[name]) != NEUTRAL[name]:
                fix = f"leave sampling.{name} at its usual value, or use a server that has it (vLLM)"
                raise UserError(
                    f"the server does not take '{name}', which is {fields[name]} here",
                    fix="--temperature 1" if name == "temperature" else fix,
                )
            fields.pop(name, None)
        return fields


def plain(messages: tuple[Message, ...]) -> str:
    """The prompt for a model without chat: the one user turn. Raises UserError for a conversation."""
    if len(messages) != 1 or messages[0].role != "user":
        raise UserError(
            "this server completes text and knows no chat, but a sample has several turns",
            fix="serve the model with a chat template, or use samples with one user turn",
        )
    return messages[0].content


def encoded(fields: Mapping[str, Any]) -> bytes:
    """The body's bytes: ASCII, so that a lone surrogate in a prompt arrives as it is."""
    return json.dumps(fields, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii")
