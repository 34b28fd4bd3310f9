"""The answer in a reply: text, why it ended, what it cost, who gave it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fteval.engines.remote.reply import Reply, Trouble
from fteval.records import Failure, Generation, Request

_REASONS = {"stop": "stop", "length": "length", "eos": "stop", "end_turn": "stop", "max_tokens": "length"}


def answer(request: Request, reply: Reply, stop: tuple[str, ...] = ()) -> Generation:
    """The generation of a reply: text, or a failure of a known kind. `stop` texts that the server left in are cut."""
    choices = reply.data.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], Mapping) else None
    if choice is None:
        return failed(request, Trouble("bad_reply", "the reply has no choices", 200))
    reason = _REASONS.get(str(choice.get("finish_reason")))
    if choice.get("finish_reason") == "content_filter":
        return failed(request, Trouble("content_filter", "the provider's filter stopped the answer", 200))
    text, calls = _text(choice), _calls(choice)
    if calls:
        text, reason = f"{text or ''}\n{calls}".strip(), reason or "stop"
    if text is None and (reason == "length" or thinking(choice.get("message"))):
        text = ""  # all of it was thinking: nothing was answered
    if text is None:
        return failed(request, Trouble("no_content", "the reply has no text", 200))
    message = choice.get("message")
    if isinstance(message, Mapping) and message.get("content") is None and reason == "stop" and not calls:
        reason = "refusal"  # the model said so in a field of its own
    ends = [at for s in stop if (at := text.find(s)) >= 0]
    if ends:
        text, reason = text[: min(ends)], "stop"
    prompt_tokens, completion_tokens = tokens(reply.data)
    return Generation(
        request.sample_id,
        request.key,
        request.repeat,
        text=text,
        finish_reason=reason,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        seconds=round(reply.seconds, 4),
        served=_name(reply.data.get("model")),
        fingerprint=_name(reply.data.get("system_fingerprint")),
        reasoning=thinking(choice.get("message")),
    )


def failed(request: Request, trouble: Trouble) -> Generation:
    """The generation of a request that got no answer."""
    message = trouble.message
    if trouble.kind == "template" and any(m.role == "system" for m in request.prompt.messages):
        message += "; sampling: {system: fold} has the user say the system text"
    failure = Failure(trouble.kind, message, trouble.retriable)
    return Generation(request.sample_id, request.key, request.repeat, failure=failure)


def tokens(data: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Tokens of prompt and answer, as the server counted them."""
    usage = data.get("usage")
    if not isinstance(usage, dict):
        return None, None
    return _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))


def _count(found: Any) -> int | None:
    return found if type(found) is int and found >= 0 else None  # True is an int, and none of these


def thinking(message: Any) -> str | None:
    """What a reasoning model thought before it answered, where a server shows that apart."""
    found = [message.get(name) for name in ("reasoning_content", "reasoning")] if isinstance(message, Mapping) else []
    return next((text for text in found if isinstance(text, str) and text), None)


def text_of(data: Mapping[str, Any]) -> str | None:
    """The text of the first choice; None where there is none."""
    choices = data.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return _text(first) if isinstance(first, Mapping) else None


def _text(choice: Mapping[str, Any]) -> str | None:
    message = choice.get("message")
    if isinstance(message, Mapping):
        # A refusal that has a field of its own is what the model said.
        found = message.get("content") if message.get("content") is not None else message.get("refusal")
    else:
        found = choice.get("text")
    if isinstance(found, list):  # content in parts
        found = "".join(str(p.get("text") or "") for p in found if isinstance(p, Mapping))
    return found if isinstance(found, str) else None


def _calls(choice: Mapping[str, Any]) -> str:
    """The calls that a server parsed out of an answer, as a model writes them; empty where there are none."""
    message = choice.get("message")
    found = message.get("tool_calls") if isinstance(message, Mapping) else None
    made = [call["function"] for call in found or [] if isinstance(call, Mapping) and "function" in call]
    return "\n".join(f"<tool_call>{json.dumps(call, ensure_ascii=False)}</tool_call>" for call in made)


def _name(value: Any) -> str | None:
    return value[:200] if isinstance(value, str) and value else None
