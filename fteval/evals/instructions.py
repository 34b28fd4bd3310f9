"""Verifiable instructions: word counts, bullets, forbidden words, start and end, case, language, JSON …"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from fteval.evals.data.packaged import packaged
from fteval.evals.ifeval.answer import why_no_answer
from fteval.evals.ifeval.kinds import instructions, loosely
from fteval.evals.language.text import blank, shown
from fteval.records import Generation, Metric, Sample, Scores


@dataclass(frozen=True, slots=True)
class Instructions:
    """Whether every verifiable instruction of a prompt is followed.

    Measures  followed: all of them, as the answer stands; followed_loosely: each in some variant (first or last line or
              asterisks left out); both only where it is an answer
    Chance    "no commas" is easily met
    Traps     what the text says is not judged
    Source    after IFEval (arXiv:2311.07911); prompts of fteval's own
    """

    version: ClassVar[int] = 2
    asks_reference: ClassVar[bool] = True
    metrics: ClassVar[tuple[Metric, ...]] = (Metric("followed", primary=True), Metric("followed_loosely"))

    def samples(self) -> Iterator[Sample]:
        return packaged("instructions.jsonl")

    def score(self, sample: Sample, generation: Generation) -> Scores:
        wanted = instructions(sample)
        text = shown(generation.text).lstrip("\ufeff").replace("\r\n", "\n")
        if blank(text):
            empty = "the answer is empty"
            return Scores(
                {"followed": 0.0, "followed_loosely": 0.0}, reasons={"followed": empty, "followed_loosely": empty}
            )
        broken = {i: why for i, one in enumerate(wanted) if (why := one.broken(text))}
        variants = loosely(text) if broken else []
        loosely_broken = {i: why for i in broken if (why := wanted[i].broken_loosely(variants))}
        reasons: dict[str, str] = {}
        no_answer = None if loosely_broken else why_no_answer(text, sample, wanted, generation.reading)
        for metric, failed in (("followed", broken), ("followed_loosely", loosely_broken)):
            if failed:
                reasons[metric] = "; ".join(f"{wanted[i].id}: {why}" for i, why in failed.items())
            elif no_answer:
                reasons[metric] = f"the form, but no answer: {no_answer}"
        return Scores(
            {m.name: float(m.name not in reasons) for m in self.metrics},
            answer=f"{len(wanted) - len(broken)} of {len(wanted)} followed",
            reasons=reasons,
        )
