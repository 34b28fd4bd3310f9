"""How likely a model finds given texts: log-likelihoods of continuations, in nats.

Texts that go on from one prompt, as the choices of a question do, stand side by side in one row behind it: the prompt
is read once, and a mask keeps each text from seeing the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from fteval.engines.local.cache import growing_cache
from fteval.engines.local.decode import Model, padded, shared_prefix

MOST_LOGITS = 32_000_000
"""Numbers in one batch's logits: a vocabulary of 150,000 would else fill gigabytes."""
WORTH_READING_ONCE = 4
"""Tokens that all prompts must begin with before these are read apart: once for all batches, so that few will do."""
RAGGED = 0.85
"""A row that is so much shorter than the batch's longest begins another one: padding costs as much as text."""
Tokens = Sequence[int]
Value = tuple[float, bool]
"""Sum of log p of a text's tokens, and whether each of them is the likeliest one."""


@dataclass(slots=True)
class Row:
    """A prompt, and the texts that go on from it."""

    prompt: Tokens
    texts: list[Tokens] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    """Of the texts, among all pairs."""

    @property
    def scored(self) -> int:
        """Columns that predict a token of a text: the prompt's last one, and those of each text but its last."""
        return 1 + sum(len(text) - 1 for text in self.texts)

    @property
    def width(self) -> int:
        return len(self.prompt) - 1 + self.scored

    @property
    def ids(self) -> list[int]:
        # A text's last token is never read: what comes after it is not asked.
        return [*self.prompt, *(token for text in self.texts for token in text[:-1])]

    @property
    def branches(self) -> list[int]:
        """Per column: 0 for the prompt, n for the n-th text."""
        return [0] * len(self.prompt) + [n for n, text in enumerate(self.texts, 1) for _ in text[:-1]]

    @property
    def positions(self) -> list[int]:
        begin = len(self.prompt)
        return [*range(begin), *(begin + i for text in self.texts for i in range(len(text) - 1))]


@torch.no_grad()
def loglikelihoods(
    model: Model, pairs: Sequence[tuple[Tokens, Tokens]], *, vocabulary: int, tokens: int
) -> list[Value]:
    """Of each continuation after its prompt's tokens; (0, True) for an empty continuation.

    Rows are padded on the left, so the scored columns are the last ones and logits are computed for these only.
    `tokens` bounds rows times columns of a batch. What all prompts begin with (a system prompt, the examples of a
    benchmark) is read once.
    """
    values: list[Value] = [(0.0, True)] * len(pairs)
    rows = sorted(_rows(model, pairs, tokens), key=lambda row: -row.width)
    begun = _begun(model, [row.prompt for row in rows])
    if begun is not None:
        for row in rows:
            row.prompt = row.prompt[begun[1] :]
    batch: list[Row] = []
    for row in rows:
        together = [*batch, row]
        n, wider, longer = len(together), max(r.width for r in together), max(r.scored for r in together)
        ragged = row.width < RAGGED * wider and n * wider > tokens // 8
        if batch and (ragged or n * wider > tokens or n * longer * vocabulary > MOST_LOGITS):
            _score(model, batch, values, begun)
            batch = []
        batch.append(row)
    if batch:
        _score(model, batch, values, begun)
    return values


def _rows(model: Model, pairs: Sequence[tuple[Tokens, Tokens]], tokens: int) -> list[Row]:
    """The pairs that have something to score; those of one prompt in one row, where the model bears it."""
    found: list[Row] = []
    open_: dict[tuple[int, ...], Row] = {}
    for place, (prompt, text) in enumerate(pairs):
        if not text:
            continue
        row = open_.get(tuple(prompt)) if model.branches else None
        if row is None or row.width + len(text) - 1 > max(tokens, 1):
            row = open_[tuple(prompt)] = Row(prompt)
            found.append(row)
        row.texts.append(text)
        row.places.append(place)
    return found


def _begun(model: Model, prompts: Sequence[Tokens]) -> tuple[Any, int] | None:
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


def _score(model: Model, batch: Sequence[Row], values: list[Value], begun: tuple[Any, int] | None) -> None:
    ids, mask = padded([row.ids for row in batch], model.pad, model.device)
    positions, _ = padded([row.positions for row in batch], 0, model.device)
    cache, shared = None, 0
    if begun is not None:
        source, shared = begun
        cache = growing_cache(model.config)
        assert cache is not None
        for layer, one in zip(cache.layers, source.layers, strict=True):
            layer.begin_with(one, len(batch))
        mask = torch.cat([mask.new_ones((len(batch), shared)), mask], -1)
        positions = positions + shared
    if any(len(row.texts) > 1 for row in batch):
        mask = _side_by_side(batch, mask, shared, model.dtype)
    logits = model(ids, mask, positions, cache, keep=max(row.scored for row in batch))
    _read(logits, batch, values)


def _side_by_side(batch: Sequence[Row], mask: Any, shared: int, dtype: Any) -> Any:
    """What each column may see, (rows, 1, columns, shared + columns), as the number that is added to attention: what
    stands before it in its prompt and in its own text."""
    of, _ = padded([row.branches for row in batch], 0, mask.device)
    columns = torch.arange(of.shape[1], device=of.device)
    sees = (columns.unsqueeze(0) <= columns.unsqueeze(1)) & ((of[:, None, :] == 0) | (of[:, None, :] == of[:, :, None]))
    sees &= mask[:, None, shared:].bool()
    sees |= torch.eye(len(columns), dtype=torch.bool, device=of.device)  # padding sees itself: nothing seen is NaN
    sees = torch.cat([sees.new_ones((*of.shape, shared)), sees], -1)
    return torch.zeros(sees.shape, dtype=dtype, device=of.device).masked_fill(~sees, torch.finfo(dtype).min)[:, None]


def _read(logits: Any, batch: Sequence[Row], values: list[Value]) -> None:
    """Sums over each text's tokens, from the logits (rows, columns, vocabulary) of the last columns."""
    rows: list[int] = []
    columns: list[int] = []
    targets: list[int] = []
    texts: list[int] = []
    places = [place for row in batch for place in row.places]
    for r, row in enumerate(batch):
        last_of_prompt = logits.shape[1] - row.scored
        column = last_of_prompt
        for text in row.texts:
            rows += [r] * len(text)
            columns += [last_of_prompt, *range(column + 1, column + len(text))]
            column += len(text) - 1
            targets += text
            texts += [len(text)]
    chosen = logits[torch.tensor(rows, device=logits.device), torch.tensor(columns, device=logits.device)].float()
    wanted = torch.tensor(targets, device=logits.device)
    nats = (chosen.gather(-1, wanted.unsqueeze(-1)).squeeze(-1) - chosen.logsumexp(-1)).double()
    likeliest = chosen.argmax(-1) == wanted
    for place, sums, greedy in zip(places, nats.split(texts), likeliest.split(texts), strict=True):
        values[place] = float(sums.sum()), bool(greedy.all())
