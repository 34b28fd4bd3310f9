"""The next token of every row, from its logits.

The steps and their order are transformers': repetition penalty, temperature, top-k, top-p. The draw is not: each row
has a generator of its own and takes one number per token, so that neither the batch nor its order can change a draw,
and two models with near the same distribution draw near the same text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch

from fteval.records import Sampling

BROKEN, STUCK = -1, -2
"""In place of a token: where a row's logits are NaN or infinite, and where its constraint leaves none."""


class Constrains(Protocol):
    """What keeps the rows of a batch from some tokens."""

    def __call__(self, scores: Any) -> Any:
        """Scores (rows, vocabulary) with -inf where a row must not go."""

    def add(self, tokens: Sequence[int]) -> None:
        """What every row took."""

    def keep(self, rows: Sequence[int]) -> None:
        """Only these rows."""


class Picker:
    """Picks for a batch; its rows shrink with the batch."""

    def __init__(
        self,
        sampling: Sampling,
        prompts: Sequence[Sequence[int]],
        seeds: Sequence[int],
        longest: int,
        constrains: Constrains | None = None,
    ) -> None:
        self.sampling, self._constrains = sampling, constrains
        self._prompts = prompts
        self._seen: Any = None  # (rows, vocabulary), only for a repetition penalty
        self._draws: Any = None  # (rows, longest) uniform numbers
        self._step = 0
        if sampling.temperature > 0:
            generators = [torch.Generator().manual_seed(seed % 2**63) for seed in seeds]
            self._draws = torch.stack([torch.rand(longest, generator=g, dtype=torch.float64) for g in generators])

    def __call__(self, logits: Any) -> Any:
        """Tokens (rows,) on the CPU for logits (rows, vocabulary)."""
        scores = logits.float()
        best = scores.argmax(-1, keepdim=True)
        broken = ~scores.gather(-1, best).isfinite().squeeze(-1)  # NaN and +inf win an argmax, -inf only when all are
        if self.sampling.repetition_penalty != 1.0:
            scores = self._penalised(scores)
            best = scores.argmax(-1, keepdim=True)
        stuck = None
        if self._constrains is not None:
            scores = self._constrains(scores)
            best = scores.argmax(-1, keepdim=True)
            stuck = scores.gather(-1, best).isneginf().squeeze(-1)
        if self._draws is None:
            tokens = best.squeeze(-1)
        else:
            tokens = draw(probabilities(scores, self.sampling), self._draws[:, self._step].to(scores.device))
            self._step += 1
        if self._seen is not None:
            self._seen.scatter_(-1, tokens.unsqueeze(-1), True)
        if stuck is not None:
            tokens = tokens.masked_fill(stuck, STUCK)
        tokens = tokens.masked_fill(broken, BROKEN).cpu()
        if self._constrains is not None:
            self._constrains.add(tokens.tolist())
        return tokens

    def keep(self, rows: Any) -> None:
        """Only these rows."""
        if self._draws is not None:
            self._draws = self._draws[rows]
        if self._seen is not None:
            self._seen = self._seen[rows.to(self._seen.device)]
        if self._constrains is not None:
            self._constrains.keep(rows.tolist())

    def _penalised(self, scores: Any) -> Any:
        if self._seen is None:
            # Tokens of the prompt count as said, as in transformers; padding does not, so that batches are alike.
            self._seen = torch.zeros(scores.shape, dtype=torch.bool, device=scores.device)
            for row, ids in enumerate(self._prompts):
                self._seen[row, torch.tensor(ids, device=scores.device)] = True
        penalty = self.sampling.repetition_penalty
        return torch.where(self._seen, torch.where(scores < 0, scores * penalty, scores / penalty), scores)


def probabilities(scores: Any, sampling: Sampling) -> Any:
    """What is sampled from, (rows, vocabulary) in double precision: tempered, cut to top-k, then to top-p."""
    if scores.device.type == "mps":
        scores = scores.cpu()  # has no double precision
    scores = scores / sampling.temperature
    if sampling.top_k > 0:
        least = scores.topk(min(sampling.top_k, scores.shape[-1])).values[:, -1:]
        scores = scores.masked_fill(scores < least, -torch.inf)
    if sampling.top_p is not None and sampling.top_p < 1.0:
        rising, order = scores.sort(descending=False)
        cut = rising.softmax(-1).cumsum(-1) <= 1 - sampling.top_p
        cut[:, -1] = False
        scores = scores.masked_fill(cut.scatter(-1, order, cut), -torch.inf)
    return scores.double().softmax(-1)


def draw(probabilities: Any, numbers: Any) -> Any:
    """The token where the cumulative probability passes each row's number in [0, 1)."""
    cumulative = probabilities.cumsum(-1)
    # Scaled by the last sum, which rounding leaves near 1, so that the last token with any probability is the end.
    tokens = torch.searchsorted(cumulative, (numbers * cumulative[:, -1]).unsqueeze(-1), right=True).squeeze(-1)
    return tokens.clamp(max=probabilities.shape[-1] - 1)
