"""How far has a model moved from its base?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from fteval.evals.data.packaged import packaged
from fteval.records import Generation, Metric, Sample, Scores


@dataclass(frozen=True, slots=True)
class Drift:
    """How far next tokens lie from the base's, on both models' greedy answers.

    Measures  kl: KL(base‖model) a token, on the base's answers; kl_back: KL(model‖base), on the model's; top1_kept:
              share of places with the base's likeliest token
    Chance    the base itself: 0, 0, 1
    Traps     moving is no fault: read it beside what was lost
    Source    RL's Razor (arXiv:2509.04259)
    """

    version: ClassVar[int] = 1
    asks_base: ClassVar[bool] = True
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("kl", primary=True, better="lower", unit="nats per token"),
        Metric("kl_back", better="lower", unit="nats per token"),
        Metric("top1_kept"),
    )

    @property
    def sampling(self) -> Mapping[str, Any]:
        """The beginning of an answer tells, and costs four readings."""
        return {"temperature": 0.0, "max_tokens": 48}

    def samples(self) -> Iterator[Sample]:
        return packaged("questions.jsonl")

    def score(self, sample: Sample, generation: Generation) -> Scores:
        names, found = [m.name for m in self.metrics], generation.divergence
        if found is None:
            why = "not held against its base: both must be local models with one tokenizer, and a base must be named"
            return Scores(dict.fromkeys(names), reasons=dict.fromkeys(names, why))
        values = dict(zip(names, (found.kl, found.back, found.kept), strict=True))
        reasons = {} if found.kept else {"top1_kept": f"none of {found.tokens} likeliest tokens is the base's"}
        return Scores(values, answer=f"over {found.tokens} places", reasons=reasons)
