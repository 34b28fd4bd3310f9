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
    """Whether every instruction of a prompt is followed that a program can verify, in the manner of IFEval.

    Measures  followed: the answer follows all of the row's instructions, as it stands; followed_loosely: for each there
              is a variant of the answer that does (first line, last line or both left out, asterisks left out); both
              only where the answer is still one: no refusal, no loop, no gibberish, not one word where a text is asked
              for, not the prompt alone, in the prompt's language and not about something else
    Chance    "no commas" is met by most short answers, "at least 300 words" by none: compare with the base
    Traps     what the text says is not judged; IFEval itself also counts refusals and gibberish that keep the form, so
              its numbers can be higher where a model gives such answers
    Source    kinds, fields and the eight loose variants after IFEval (arXiv:2311.07911), whose file
              (key, prompt, instruction_id_list, kwargs) is a hold-out as it stands; prompts of this project's own
    """

    version: ClassVar[int] = 2
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
        no_answer = None if loosely_broken else why_no_answer(text, sample, wanted)
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
