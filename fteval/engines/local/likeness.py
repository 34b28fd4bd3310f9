"""How alike two models are, read on answers of the first: exact, over the whole vocabulary."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import torch

from fteval.engines.local.diverge import Use, logits_of
from fteval.errors import Incomplete
from fteval.records import Likeness

Answer = tuple[Sequence[int], Sequence[int]]
"""Token ids of a prompt and of what the first model answered."""


@torch.no_grad()
def likeness(answers: Iterable[Answer], first: Use, second: Use) -> Likeness:
    """Over every place of the answers and the one behind each. Raises Incomplete for logits that are no numbers."""
    kl, nats, same, n = [], [], [], 0
    for prompt, text in answers:
        both = logits_of(first(), prompt, text), logits_of(second(), prompt, text)
        size = min(side.shape[-1] for side in both)  # rows that no token has
        one, two = (side[:, :size].log_softmax(-1).double() for side in both)
        # Below zero by rounding; NaN stays NaN.
        kl.append((one.exp() * (one - two)).sum(-1).clamp(min=0.0))
        written = torch.tensor(list(text), device=one.device).unsqueeze(-1)
        nats.append((one[: len(text)].gather(-1, written) - two[: len(text)].gather(-1, written)).abs().squeeze(-1))
        same.append(one.argmax(-1) == two.argmax(-1))
        n += 1
    if not n:
        raise Incomplete("there is no answer on which the two models could be held against each other")
    of_kl, of_nats, of_same = (torch.cat(column).double() for column in (kl, nats, same))
    found = Likeness(
        answers=n,
        tokens=len(of_nats),
        kl_mean=float(of_kl.mean()),
        kl_max=float(of_kl.max()),
        nats_mean=float(of_nats.mean()) if len(of_nats) else 0.0,
        nats_max=float(of_nats.max()) if len(of_nats) else 0.0,
        top1=float(of_same.mean()),
    )
    if not math.isfinite(found.kl_max + found.nats_max):
        raise Incomplete("the logits of the export or of its candidate are NaN or infinite")
    return found
