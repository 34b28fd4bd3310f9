"""Samples that ask how likely given texts are, put to a server: one generation each, or none to be had."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fteval.engines.remote.body import Dialect
from fteval.engines.remote.client import Client
from fteval.engines.remote.likelihood import token_likelihoods
from fteval.engines.remote.loop import Background
from fteval.errors import Incomplete, NoLikelihoods, UserError
from fteval.records import Failure, Generation, Request, unweighed
from fteval.records.readings import Likelihood

AT_ONCE = 32
"""Requests that are answered, and synced, together."""


def weighed(
    client: Client,
    dialect: Dialect,
    requests: Sequence[Request],
    background: Background,
    tell: Callable[[dict[str, Any]], None] | None,
) -> Iterator[list[Generation]]:
    """Of each request, the likelihoods of its continuations; once the server has said none, no more are asked of it.

    A text that does not fit the context is a failure of its request. Raises Incomplete where it is no use to ask on.
    """
    for start in range(0, len(requests), AT_ONCE):
        try:
            yield background.run(_together(client, dialect, requests[start : start + AT_ONCE]))
        except NoLikelihoods as error:
            if tell is not None:
                text = f"{error.what}: {len(requests) - start} samples that need it are not scored"
                tell({"event": "warning", "text": text})
            yield [unweighed(request) for request in requests[start:]]
            return


async def _together(client: Client, dialect: Dialect, requests: Sequence[Request]) -> list[Generation]:
    return list(await asyncio.gather(*(_one(client, dialect, request) for request in requests)))


async def _one(client: Client, dialect: Dialect, request: Request) -> Generation:
    if any(c.context is not None for c in request.continuations):
        return unweighed(request)  # they go on from a plain text, and a chat has none
    try:
        said = [await token_likelihoods(client, dialect, request.prompt, c.text) for c in request.continuations]
    except (Incomplete, NoLikelihoods):
        raise
    except UserError as error:
        failure = Failure("prompt_too_long", error.what)
        return Generation(request.sample_id, request.key, request.repeat, failure=failure)
    found = tuple(
        Likelihood(
            math.fsum(nats for nats, _ in tokens),
            len(tokens),
            sum(len(letters.encode("utf-8", "replace")) for _, letters in tokens),
        )
        for tokens in said
    )
    if not all(math.isfinite(one.nats) for one in found):
        return unweighed(request)
    best = max(range(len(found)), key=lambda i: found[i].nats)
    return Generation(
        request.sample_id,
        request.key,
        request.repeat,
        text=request.continuations[best].text.strip(),
        finish_reason="stop",
        completion_tokens=0,
        likelihoods=found,
    )
