"""How far a model's next tokens lie from its base's, on the answers of both: exact, over the whole vocabulary."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from fteval.engines.local.chat import Chat
from fteval.engines.local.decode import Model
from fteval.records import Failure, Generation, Request
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
    if not (math.isfinite(kl) and math.isfinite(back)):
        failure = Failure("nan_logits", "the logits of the model or of its base are NaN or infinite")
        return replace(own, text=None, failure=failure)
    return replace(own, divergence=Divergence(kl, back, kept, len(said) + 1))


@torch.no_grad()
def _apart(one: Use, other: Use, prompt: Sequence[int], text: Sequence[int]) -> tuple[float, float]:
    """Mean KL(one‖other) in nats over the places of the text and the one behind it, and how often both have the same
    likeliest token."""
    logits = logits_of(one(), prompt, text), logits_of(other(), prompt, text)
    # A training may have padded the vocabulary, with rows that no token has.
    size = min(side.shape[-1] for side in logits)
    first, second = (side[:, :size].log_softmax(-1) for side in logits)
    kl = (first.exp() * (first - second)).sum(-1).double().mean()
    same = (first.argmax(-1) == second.argmax(-1)).double().mean()
    return float(kl.clamp(min=0.0)), float(same)  # rounding may leave it below 0; NaN stays NaN


def logits_of(model: Model, prompt: Sequence[int], text: Sequence[int]) -> Any:
    """At each place of a text after its prompt and behind it, (places, vocabulary), in float32."""
    ids = torch.tensor([[*prompt, *text]], device=model.device)
    positions = torch.arange(ids.shape[1], device=model.device).unsqueeze(0)
    logits = model(ids, torch.ones_like(ids), positions, keep=len(text) + 1)
    return logits[0].float()
