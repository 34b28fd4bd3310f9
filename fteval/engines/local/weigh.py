"""Samples that ask how likely given texts are: which tokens, in what order, and the answer to each."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence

from fteval.engines.local.chat import Chat
from fteval.records import Failure, Generation, Request
from fteval.records.readings import Likelihood

AT_ONCE = 64
"""Requests that are answered, and synced, together."""

Tokens = tuple[Sequence[int], Sequence[int]]
"""Of a context, and of the text that goes on from it."""
Score = Callable[[Sequence[Tokens]], list[tuple[float, bool]]]
"""Gives sums of log p in nats, and whether every token is the likeliest."""


def weighed(requests: Sequence[Request], chat: Chat, context: int | None, score: Score) -> Iterator[list[Generation]]:
    """One generation per request, longest first, so that what runs out of memory does so at once."""
    pairs: dict[str, list[Tokens]] = {}
    for start in range(0, len(requests), AT_ONCE):
        some = requests[start : start + AT_ONCE]
        cut = iter(chat.pairs([pair for r in some for pair in asked_of(chat, r)]))
        pairs |= {r.key: [next(cut) for _ in r.continuations] for r in some}
    size = {key: max(len(before) + len(text) for before, text in of) for key, of in pairs.items()}
    ordered = sorted(requests, key=lambda r: -size[r.key])
    for start in range(0, len(ordered), AT_ONCE):
        group = ordered[start : start + AT_ONCE]
        # The last token is never read: what comes after it is not asked.
        fits = [r for r in group if context is None or size[r.key] - 1 <= context]
        began = time.perf_counter()
        found = iter(score([pair for r in fits for pair in pairs[r.key]]))
        each = (time.perf_counter() - began) / max(len(fits), 1)
        answers = {r.key: _answer(r, pairs[r.key], [next(found) for _ in pairs[r.key]], chat, each) for r in fits}
        yield [answers.get(r.key) or _too_long(r, size[r.key], context) for r in group]


def asked_of(chat: Chat, request: Request) -> list[tuple[str, str]]:
    """(context, text) of each continuation; where it has no context of its own, the prompt as the model reads it."""
    first = request.prompt.messages[0]
    own = all(one.context is not None for one in request.continuations)
    read = first.content if first.role == "text" or own else chat.render(request.prompt.messages, request.prompt.tools)
    return [(read if one.context is None else one.context, one.text) for one in request.continuations]


def _answer(
    request: Request, pairs: Sequence[Tokens], found: Sequence[tuple[float, bool]], chat: Chat, seconds: float
) -> Generation:
    if any(not math.isfinite(nats) for nats, _ in found):
        failure = Failure("nan_logits", "the logits are NaN or infinite")
        return Generation(request.sample_id, request.key, request.repeat, seconds=seconds, failure=failure)
    likelihoods = tuple(
        Likelihood(nats, len(text), len(chat.decode(text).encode("utf-8", "replace")), greedy)
        for (nats, greedy), (_, text) in zip(found, pairs, strict=True)
    )
    best = max(range(len(found)), key=lambda i: found[i][0])
    return Generation(
        request.sample_id,
        request.key,
        request.repeat,
        text=request.continuations[best].text.strip(),
        finish_reason="stop",
        prompt_tokens=len(pairs[0][0]),
        completion_tokens=0,
        seconds=seconds,
        likelihoods=likelihoods,
    )


def _too_long(request: Request, size: int, context: int | None) -> Generation:
    failure = Failure("prompt_too_long", f"prompt_too_long ({size - 1} > {context})")
    return Generation(request.sample_id, request.key, request.repeat, failure=failure)
