"""How likely a model finds given texts: log-likelihoods of continuations, in nats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from fteval.engines.local.cache import growing_cache
from fteval.engines.local.decode import Model, padded, shared_prefix

MOST_LOGITS = 32_000_000
"""Numbers in one batch's logits: a vocabulary of 150,000 would else fill gigabytes."""
WORTH_READING_ONCE = 4
"""Tokens that all prompts must begin with before these are read apart: once for all batches, so that few will do."""


@torch.no_grad()
def loglikelihoods(
    model: Model, pairs: Sequence[tuple[Sequence[int], Sequence[int]]], *, vocabulary: int, tokens: int
) -> list[tuple[float, bool]]:
    """Sum of log p of each continuation's tokens after its prompt's tokens, and whether each of them is the likeliest
    one; 0 and True for an empty continuation.

    Rows are padded on the left, so the scored columns are the last ones and logits are computed for these only.
    `tokens` bounds rows times columns of a batch. What all prompts begin with (a system prompt; the whole prompt where
    it is the same one) is read once.
    """
    values = [(0.0, True)] * len(pairs)
    order = sorted((i for i, (_, more) in enumerate(pairs) if more), key=lambda i: -sum(map(len, pairs[i])))
    begun = _begun(model, [pairs[i][0] for i in order])
    if begun is not None:
        pairs = [(prompt[begun[1] :], more) for prompt, more in pairs]
    batch: list[int] = []
    width = scored = 0
    for index in order:
        prompt, more = pairs[index]
        wider = max(width, len(prompt) + len(more) - 1)
        longer = max(scored, len(more))
        rows = len(batch) + 1
        if batch and (rows * wider > tokens or rows * longer * vocabulary > MOST_LOGITS):
            _score(model, pairs, batch, scored, values, begun)
            batch, wider, longer = [], len(prompt) + len(more) - 1, len(more)
        batch.append(index)
        width, scored = wider, longer
    if batch:
        _score(model, pairs, batch, scored, values, begun)
    return values


def _begun(model: Model, prompts: Sequence[Sequence[int]]) -> tuple[Any, int] | None:
    """The cache of what all prompts begin with, and how many tokens that are; None where reading it is not worth it."""
    if not model.shares or len(prompts) < 2:
        return None
    shared = shared_prefix([tuple(prompt) for prompt in prompts])
    if shared < WORTH_READING_ONCE:
        return None
    ids = torch.tensor([list(prompts[0][:shared])], device=model.device)
    cache = growing_cache(model.config)
    model(ids, torch.ones_like(ids), torch.arange(shared, device=model.device).unsqueeze(0), cache)
    return cache, shared


def _score(
    model: Model,
    pairs: Sequence[tuple[Sequence[int], Sequence[int]]],
    batch: Sequence[int],
    scored: int,
    values: list[tuple[float, bool]],
    begun: tuple[Any, int] | None,
) -> None:
    # The last token is never read: what comes after it is not asked.
    ids, mask = padded([[*pairs[i][0], *pairs[i][1]][:-1] for i in batch], model.pad, model.device)
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    cache = None
    if begun is not None:
        source, shared = begun
        cache = growing_cache(model.config)
        assert cache is not None
        for layer, one in zip(cache.layers, source.layers, strict=True):
            layer.begin_with(one, len(batch))
        mask = torch.cat([mask.new_ones((len(batch), shared)), mask], -1)
        positions = positions + shared
    logits = model(ids, mask, positions, cache, keep=scored)
    targets = torch.zeros((len(batch), logits.shape[1]), dtype=torch.long)
    counted = torch.zeros(targets.shape, dtype=torch.bool)
    for row, index in enumerate(batch):
        more = pairs[index][1]
        targets[row, -len(more) :] = torch.tensor(more)
        counted[row, -len(more) :] = True
    targets, counted = targets.to(logits.device), counted.to(logits.device)
    logits = logits.float()
    chosen = logits.gather(-1, targets.unsqueeze(-1)).squeeze(-1) - logits.logsumexp(-1)
    sums = chosen.double().masked_fill(~counted, 0).sum(-1).tolist()
    greedy = ((logits.argmax(-1) == targets) | ~counted).all(-1).tolist()
    for index, value in zip(batch, zip(sums, greedy, strict=True), strict=True):
        values[index] = value
