"""Does an answer stay with its passage, and say so where the passage has none?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from fteval.errors import UserError
from fteval.evals.answer.stance import ABSTAINS, ANSWERS, DENIES, HEDGES, stance
from fteval.evals.answer.support import Support, beside, support
from fteval.evals.answer.told import accepted, is_unknown, told
from fteval.evals.data.packaged import packaged
from fteval.evals.language.text import blank, sentences, shown
from fteval.records import Generation, Metric, Sample, Scores


@dataclass(frozen=True, slots=True)
class Grounded:
    """Whether an answer about a passage stands in it.

    Measures  supported: numbers, names, words stand there, and answer where a target wants it, or it says that nothing
              does; answered: gives the target; partly: adds something
    Chance    copying the passage is supported, not an answer
    Traps     rewordings are unscored
    Source    passages invented for fteval
    """

    version: ClassVar[int] = 2
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("supported", primary=True),
        Metric("answered", partial=True),
        Metric("partly", better="lower"),
    )

    def samples(self) -> Iterator[Sample]:
        return packaged("grounded.jsonl")

    def score(self, sample: Sample, generation: Generation) -> Scores:
        passage = sample.metadata.get("passage") or "\n".join(m.content for m in sample.messages)
        if not isinstance(passage, str):
            raise UserError(f"row {sample.id!r} has a 'passage' that is no text", fix='"passage": "…"')
        forms = None if sample.target is None else accepted(sample, '"The passage does not say."')
        text, prompt = shown(generation.text), _question(sample.prompt_text, passage)
        if blank(text):
            return _scores(Support(0.0, "empty"), 0.0 if forms else None)
        if forms and is_unknown(forms):
            return _unsaid(text, prompt)
        found = support(
            text, f"{passage}\n{prompt}" if forms else passage, prompt
        )  # an answer may say the question again
        if forms is None:
            return _scores(found, None)
        stands = stance(text, prompt)
        right, answer, why = told(text, forms, prompt)
        if right != 1:
            left = stands.kind == ABSTAINS
            why = "says that it is not there, though it is" if left else why
            return _scores(Support(right, why, partly=False), right, answer)
        added = beside(text, f"{passage}\n{prompt}", prompt, lambda part: told(part, forms, prompt)[0] == 1)
        return _scores(replace(added, why=f"partly: {added.why}" if added.partly else ""), 1.0, answer)


def _question(prompt: str, passage: str) -> str:
    """The prompt without its passage; its last question where the two are one text."""
    rest = prompt.replace(passage, "").strip()
    asked = [s for s in sentences(rest or prompt) if s.endswith("?")]
    return rest or (asked[-1] if asked else prompt)


def _unsaid(text: str, prompt: str) -> Scores:
    """Where the passage has no answer."""
    stands = stance(text, prompt)
    open_ = stands.kind in (ABSTAINS, DENIES)
    made_up = "answers, though the passage does not" if stands.kind in (ANSWERS, HEDGES) else stands.kind
    return _scores(Support(float(open_), "" if open_ else made_up, stands.kind == HEDGES), float(open_))


def _scores(found: Support, answered: float | None, answer: str | None = None) -> Scores:
    values = {"supported": found.value, "answered": answered, "partly": float(found.partly)}
    why = {"supported": found.why, "answered": "the row has no target" if answered is None else found.why}
    return Scores(
        values, answer=answer, reasons={name: reason for name, reason in why.items() if reason and values[name] != 1}
    )
