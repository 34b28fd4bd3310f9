"""How far a model's next tokens lie from its base's, on the answers of both: exact, over the whole vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from fteval.engines.local.chat import Chat
from fteval.engines.local.decode import Model
from fteval.records import Generation, Request
from fteval.records.readings import Divergence

Use = Callable[[], Model]
"""The model of one side, active until the other side's is asked for: both may live on the same weights."""


def diverged(
    own: Iterable[list[Generation]],
    theirs: Mapping[str, Generation],
    of: Mapping[str, Request],
    chat: Chat,
    sides: tuple[Use, Use],
) -> Iterator[list[Generation]]:
    """The answers as they come, each with its divergence; `theirs` are the base's, `of` the requests, by key.

    `sides` are the model's own and its base's. An answer that the base failed at fails, too.
    """
    for group in own:
        yield [_with(answer, theirs[answer.key], of[answer.key], chat, sides) for answer in group]


def _with(own: Generation, base: Generation, request: Request, chat: Chat, sides: tuple[Use, Use]) -> Generation:
    if own.text is None or base.text is None:
        return replace(own, text=None, failure=own.failure or base.failure)
    model, other = sides
    prompt, said = chat.continuation(request.prompt, base.text)
    kl, kept = _apart(other, model, prompt, said)
    back, _ = _apart(model, other, *chat.continuation(request.prompt, own.text))
    return replace(own, divergence=Divergence(kl, back, kept, len(said) + 1))


@torch.no_grad()
def _apart(one: Use, other: Use, prompt: Sequence[int], text: Sequence[int]) -> tuple[float, float]:
    """Mean KL(one‖other) in nats over the places of the text and the one behind it, and how often both have the same
    likeliest token."""
    first, second = _log_probabilities(one(), prompt, text), _log_probabilities(other(), prompt, text)
    kl = (first.exp() * (first - second)).sum(-1).double().mean()
    same = (first.argmax(-1) == second.argmax(-1)).double().mean()
    return max(0.0, float(kl)), float(same)


def _log_probabilities(model: Model, prompt: Sequence[int], text: Sequence[int]) -> Any:
    """(places, vocabulary), in float32."""
    ids = torch.tensor([[*prompt, *text]], device=model.device)
    positions = torch.arange(ids.shape[1], device=model.device).unsqueeze(0)
    logits = model(ids, torch.ones_like(ids), positions, keep=len(text) + 1)
    return logits[0].float().log_softmax(-1)
