"""How likely a served model finds given texts: by `prompt_logprobs` in a chat (vLLM), by `echo` in completions."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fteval.engines.remote.body import CHAT, Dialect, encoded, plain
from fteval.engines.remote.client import Client
from fteval.engines.remote.reply import Reply, Trouble
from fteval.errors import Incomplete, NoLikelihoods, UserError
from fteval.records import Prompt, Sampling

_FIX = "serve the model with vLLM, or load it here (hf:ORG/NAME)"


async def loglikelihood(client: Client, dialect: Dialect, prompt: Prompt, text: str) -> float:
    """Sum of log p(token of the text | prompt, earlier ones), in nats; NaN where the server gives no number for one.

    Raises UserError for what is longer than the context, NoLikelihoods where the server does not say how likely a given
    text is, or says it of another one.
    """
    return math.fsum(value for value, _ in await token_likelihoods(client, dialect, prompt, text))


async def token_likelihoods(client: Client, dialect: Dialect, prompt: Prompt, text: str) -> list[tuple[float, str]]:
    """log p of each token of the text, as `loglikelihood` sums them, and how it is spelt."""
    if not text:
        return []
    return await (_chat if dialect.path == CHAT else _plain)(client, dialect, prompt, text)


async def _chat(client: Client, dialect: Dialect, prompt: Prompt, text: str) -> list[tuple[float, str]]:
    asked = dialect.body(client.endpoint.model, prompt.messages, Sampling(temperature=1.0, max_tokens=1), 0) | {
        "prompt_logprobs": 0
    }
    said = {
        **asked,
        "messages": [*asked["messages"], {"role": "assistant", "content": text}],
        "add_generation_prompt": False,
        "continue_final_message": True,
    }
    before, both = [_tokens(await _reply(client, dialect, body)) for body in (asked, said)]
    # Where prompt and text meet a token may hold both: what the two have in common is the prompt.
    common = next((i for i, (a, b) in enumerate(zip(before, both, strict=False)) if a[0] != b[0]), len(before))
    scored = both[common:]
    spelt = "".join(token[2] for token in scored)
    # Tokens of half a character are spelt as U+FFFD, so that only plain letters are compared.
    if not scored or (all(token[2] for token in scored) and _plain_letters(spelt) != _plain_letters(text)):
        raise NoLikelihoods(
            f"the server scored {spelt[:80]!r} and not the given text: it does not continue a last assistant turn",
            where=client.endpoint.url,
            fix=_FIX,
        )
    return [(value, letters) for _, value, letters in scored]


async def _plain(client: Client, dialect: Dialect, prompt: Prompt, text: str) -> list[tuple[float, str]]:
    asked = plain(prompt.messages)
    body = dialect.body(client.endpoint.model, prompt.messages, Sampling(temperature=1.0, max_tokens=0), 0)
    body |= {"prompt": asked + text, "echo": True, "logprobs": 1}
    reply = await _reply(client, dialect, body)
    choice = (reply.data.get("choices") or [{}])[0]
    found = choice.get("logprobs") if isinstance(choice, Mapping) else None
    if not isinstance(found, Mapping) or not isinstance(found.get("tokens"), list):
        raise _silent("echo with logprobs")
    # Offsets are reckoned here: a server may count a token that begins every text, and that nobody sent.
    spelt = "".join(map(str, found["tokens"]))
    start = spelt.find(asked + text)
    if start < 0:
        raise NoLikelihoods("the server echoes another text than it was given", where=client.endpoint.url, fix=_FIX)
    letters = [str(token) for token in found["tokens"]]
    ends = itertools.accumulate(map(len, letters))
    first, last = start + len(asked), start + len(asked) + len(text)
    values = zip(ends, found.get("token_logprobs") or [], letters, strict=False)
    return [(_number(value), token) for end, value, token in values if first < end <= last]


async def _reply(client: Client, dialect: Dialect, body: Mapping[str, Any]) -> Reply:
    texts = [m["content"] for m in body["messages"]] if "messages" in body else [body["prompt"]]
    reserved = client.reserve(texts, 1)
    if reserved is None:
        raise Incomplete(f"the budget is used up ({client.budget})", where=client.endpoint.url)
    found: Reply | Trouble | None = None
    try:
        found = await client.post(dialect.path, encoded(body), reserved)
    finally:
        client.settle(reserved, found)
    if isinstance(found, Reply):
        return found
    if found.kind == "prompt_too_long":
        raise UserError(f"prompt and continuation do not fit the context: {found.message}", where=client.endpoint.url)
    if found.kind == "bad_request":
        raise _silent("log-likelihoods of a given text")
    raise Incomplete(f"no log-likelihood: {found.message}", where=client.endpoint.url)


def _tokens(reply: Reply) -> Sequence[tuple[str, float, str]]:
    """(token id, log p, text where it is said) of the prompt's tokens; the first has no number and is left out."""
    found = reply.data.get("prompt_logprobs")
    if not isinstance(found, list):
        raise _silent("prompt_logprobs")
    tokens = []
    for place in found:
        if isinstance(place, Mapping) and place:
            token, said = next(iter(place.items()))
            said = said if isinstance(said, Mapping) else {}
            tokens.append((str(token), _number(said.get("logprob")), str(said.get("decoded_token") or "")))
    return tokens


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


def _plain_letters(text: str) -> str:
    return re.sub(r"[^!-~]", "", text)


def _silent(what: str) -> NoLikelihoods:
    return NoLikelihoods(f"the server ignores {what}: it does not say how likely a given text is", fix=_FIX)
