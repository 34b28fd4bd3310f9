"""How likely a served model finds given texts: by `prompt_logprobs` in a chat (vLLM), by `echo` in completions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from fteval.engines.remote.body import CHAT, Dialect, encoded, plain
from fteval.engines.remote.client import Client
from fteval.engines.remote.reply import Reply
from fteval.errors import UserError
from fteval.records import Prompt, Sampling

_FIX = "serve the model with vLLM, or load it here (hf:ORG/NAME)"


async def loglikelihood(client: Client, dialect: Dialect, prompt: Prompt, text: str) -> float:
    """Sum of log p(token of the text | prompt, earlier ones), in nats; NaN where the server gives no number for one.

    Raises UserError where the server does not say how likely a given text is.
    """
    if not text:
        return 0.0
    return await (_chat if dialect.path == CHAT else _plain)(client, dialect, prompt, text)


async def _chat(client: Client, dialect: Dialect, prompt: Prompt, text: str) -> float:
    asked = dialect.body(client.endpoint.model, prompt.messages, Sampling(max_tokens=1), 0) | {"prompt_logprobs": 0}
    said = {
        **asked,
        "messages": [*asked["messages"], {"role": "assistant", "content": text}],
        "add_generation_prompt": False,
        "continue_final_message": True,
    }
    before, both = [_tokens(await _reply(client, dialect, body)) for body in (asked, said)]
    # Where prompt and text meet a token may hold both: what the two have in common is the prompt.
    common = next((i for i, (a, b) in enumerate(zip(before, both, strict=False)) if a[0] != b[0]), len(before))
    return math.fsum(value for _, value in both[common:])


async def _plain(client: Client, dialect: Dialect, prompt: Prompt, text: str) -> float:
    asked = plain(prompt.messages)
    body = dialect.body(client.endpoint.model, prompt.messages, Sampling(max_tokens=0), 0)
    body |= {"prompt": asked + text, "echo": True, "logprobs": 1}
    reply = await _reply(client, dialect, body)
    choice = (reply.data.get("choices") or [{}])[0]
    found = choice.get("logprobs") if isinstance(choice, Mapping) else None
    if not isinstance(found, Mapping) or not isinstance(found.get("text_offset"), list):
        raise _silent("echo with logprobs")
    pairs = zip(found["text_offset"], found.get("token_logprobs") or [], strict=False)
    end = len(asked) + len(text)
    return math.fsum(_number(value) for offset, value in pairs if len(asked) <= offset < end)


async def _reply(client: Client, dialect: Dialect, body: Mapping[str, Any]) -> Reply:
    found = await client.post(dialect.path, encoded(body))
    if isinstance(found, Reply):
        return found
    if found.kind == "bad_request":
        raise _silent("log-likelihoods of a given text")
    raise UserError(f"no log-likelihood: {found.message}", where=client.endpoint.url)


def _tokens(reply: Reply) -> Sequence[tuple[str, float]]:
    """(token id, log p) of the prompt's tokens; the first has no number and is left out."""
    found = reply.data.get("prompt_logprobs")
    if not isinstance(found, list):
        raise _silent("prompt_logprobs")
    tokens = []
    for place in found:
        if isinstance(place, Mapping) and place:
            token, said = next(iter(place.items()))
            tokens.append((str(token), _number(said.get("logprob") if isinstance(said, Mapping) else None)))
    return tokens


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


def _silent(what: str) -> UserError:
    return UserError(f"the server ignores {what}: it does not say how likely a given text is", fix=_FIX)
