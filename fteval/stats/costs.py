"""What each model's answers took, per request, over the same samples."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from fteval.records import CandidateResult, Cost, Made, Price, ProbeResult, RunRecord

TRAINING = 3
"""A token that is trained on takes as much work as so many that are read: the way back is twice the way there (Kaplan
et al., arXiv:2001.08361)."""


def costs_of(
    base: RunRecord,
    results: Sequence[CandidateResult],
    about: Collection[str] = (),
    prices: Mapping[str, Price] | None = None,
) -> tuple[Cost, ...]:
    """The base's and each candidate's, of the probes that the change is `about`, else of all.

    `prices` are of models that run here, by the candidate's name or the model's ref: what serving them costs.
    """
    sides = [("base", base, None), *((r.name, r.run, r.made) for r in results)]
    return tuple(_priced(_cost(name, run, made, about), run, prices or {}) for name, run, made in sides)


def _priced(cost: Cost, run: RunRecord, prices: Mapping[str, Price]) -> Cost:
    """With what its tokens cost where nobody sent a bill, and where that is said."""
    names = (cost.name, run.ref, run.ref.partition(" {")[0])
    price = next((prices[name] for name in names if name in prices), None)
    if price is None or cost.usd is not None or cost.prompt_tokens is None or cost.answer_tokens is None:
        return cost
    return replace(cost, usd=price.usd(cost.prompt_tokens, cost.answer_tokens))


def _cost(name: str, run: RunRecord, made: Made | None, about: Collection[str]) -> Cost:
    probes = [p for p in run.probes if not about or p.probe in about]
    served = any(p.answer_seconds is not None for p in probes)
    return Cost(
        name,
        prompt_tokens=_mean((p, p.prompt_tokens) for p in probes),
        answer_tokens=_mean((p, p.answer_tokens) for p in probes),
        seconds=_mean((p, p.answer_seconds if served else p.shared_seconds) for p in probes),
        served=served,
        usd=_mean((p, p.answer_usd) for p in probes),
        made=made,
    )


def _mean(of: Iterable[tuple[ProbeResult, float | None]]) -> float | None:
    """Over the samples of all probes that know theirs."""
    known = [(len(p.sample_ids), value) for p, value in of if value is not None]
    n = sum(size for size, _ in known)
    return sum(size * value for size, value in known) / n if n else None


def pays_from(fine_tune: Cost, instead: Cost) -> float | None:
    """Requests from which on a training has cost less work, in tokens read, than an alternative's longer requests.

    None where the fine-tune's requests are no shorter, or where that is not known.
    """
    if fine_tune.made is None or fine_tune.made.tokens is None or fine_tune.tokens is None or instead.tokens is None:
        return None
    saved = instead.tokens - fine_tune.tokens
    return TRAINING * fine_tune.made.tokens / saved if saved >= 0.5 else None


def dominated(costs: Sequence[tuple[str, float, float]]) -> dict[str, str]:
    """Name -> another that is no dearer and no worse, and better in one; of (name, cost, quality).

    By what was measured, without intervals. Where several are, the best of them, then the cheapest.
    """
    found = {}
    for name, cost, quality in costs:
        over = [
            (-q, c, n) for n, c, q in costs if n != name and c <= cost and q >= quality and (c, q) != (cost, quality)
        ]
        if over:
            found[name] = min(over)[2]
    return found
