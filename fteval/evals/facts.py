"""Is a known fact still known, and is an unknown one left open?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from fteval.errors import UserError
from fteval.evals.answer.stance import ABSTAINS, ANSWERS, ASKS, DENIES, EMPTY, HEDGES, stance
from fteval.evals.answer.told import accepted, is_unknown, told
from fteval.evals.data.packaged import packaged
from fteval.evals.language.text import blank, fold, shown, words
from fteval.records import Generation, Metric, Sample, Scores

LANGUAGES = ("en", "de", "es", "fr")


@dataclass(frozen=True, slots=True)
class Facts:
    """Whether short facts are answered right, and the unknown is left open.

    Measures  correct: says the target or one of `accept`, and holds to it; abstained: does not know what it should;
              invented: answers where nothing is known
    Chance    about 0
    Traps     a right answer in other words is wrong
    Source    general knowledge, 2026-01; invented things; nano's world for nano
    """

    language: str = "en"
    """Of its own questions: en, de, es or fr."""

    version: ClassVar[int] = 4
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("correct", primary=True),
        Metric("abstained", better="lower", partial=True),
        Metric("invented", better="lower", partial=True),
    )

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise UserError(
                f"facts has no questions in {self.language!r}",
                fix=f"language: {', '.join(LANGUAGES)}; for others give a file of your own",
            )

    def samples(self) -> Iterator[Sample]:
        return packaged("facts.jsonl" if self.language == "en" else f"facts.{self.language}.jsonl")

    def score(self, sample: Sample, generation: Generation) -> Scores:
        forms = accepted(sample)
        text, prompt = shown(generation.text), sample.prompt_text
        if is_unknown(forms):
            return _unknown(text, prompt, forms)
        return _known(text, prompt, forms)


def _known(text: str, prompt: str, forms: list[str]) -> Scores:
    reasons = {"invented": "a known fact: nothing is left open here"}
    if blank(text):
        return Scores({"correct": 0.0, "abstained": 0.0, "invented": None}, reasons=reasons | {"correct": "empty"})
    correct, answer, why = told(text, forms, prompt)
    stands = stance(text, prompt)
    left_open = correct != 1 and stands.kind == ABSTAINS
    if left_open:
        reasons["abstained"] = f"'{stands.words}'"
    if why:
        reasons["correct"] = f"says '{stands.words}'" if left_open else why
    return Scores({"correct": correct, "abstained": float(left_open), "invented": None}, answer=answer, reasons=reasons)


def _unknown(text: str, prompt: str, forms: list[str]) -> Scores:
    stands = stance(text, prompt)
    open_ = stands.kind in (ABSTAINS, DENIES) or _key(text) in {_key(form) for form in forms}
    invented = not open_ and stands.kind in (ANSWERS, HEDGES)
    reasons = {"abstained": "nothing is known here: saying so is what `correct` counts"}
    if not open_:
        reasons["correct"] = {ASKS: "asks back", EMPTY: "empty"}.get(stands.kind, "answers, where nothing is known")
    if invented:
        reasons["invented"] = f"'{text.strip()[:80]}'"
    values = {"correct": float(open_), "abstained": None, "invented": float(invented)}
    return Scores(values, answer=stands.words or text.strip()[:80] if open_ else None, reasons=reasons)


def _key(text: str) -> str:
    return " ".join(words(fold(text[:1_000])))
