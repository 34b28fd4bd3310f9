"""Is a known fact still known, and is an unknown one left open?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from fteval.errors import UserError
from fteval.evals.answer.abstention import abstention
from fteval.evals.data.packaged import packaged
from fteval.evals.find.statement import said
from fteval.evals.language.text import blank, fold, sentences, shown, words
from fteval.records import Generation, Metric, Sample, Scores


@dataclass(frozen=True, slots=True)
class Facts:
    """Whether short facts are answered right, and the unknown is left open.

    Measures  correct: says the target or one of `accept`, undenied; abstained: does not know what it should; invented:
              answers where nothing is known
    Chance    about 0
    Traps     a right answer in other words is wrong
    Source    fteval's own world, and people who do not exist
    """

    version: ClassVar[int] = 2
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("correct", primary=True),
        Metric("abstained", better="lower", partial=True),
        Metric("invented", better="lower", partial=True),
    )

    def samples(self) -> Iterator[Sample]:
        return packaged("facts.jsonl")

    def score(self, sample: Sample, generation: Generation) -> Scores:
        accepted = _accepted(sample)
        text, prompt = shown(generation.text), sample.prompt_text
        if abstention(accepted[0]):
            return _unknown(text, prompt, accepted)
        return _known(text, prompt, accepted)


def _accepted(sample: Sample) -> list[str]:
    """The target and its other forms. Raises UserError where a row has none."""
    given = sample.target if isinstance(sample.target, list | tuple) else [sample.target]
    for key in ("accept", "aliases"):
        more = sample.metadata.get(key) or []
        given = [*given, *([more] if isinstance(more, str) else more)]
    odd = any(isinstance(g, bool) or not isinstance(g, str | int | float) for g in given)
    if odd or not shown(str(given[0])).strip():
        raise UserError(
            f"row {sample.id!r} needs a 'target' that is text (and 'accept', a list of other forms), found "
            f"{sample.target!r}",
            fix='give each row of a facts hold-out its right answer, or "I do not know."',
        )
    return [form for g in given if (form := shown(str(g))).strip()]


def _known(text: str, prompt: str, accepted: list[str]) -> Scores:
    about_known = "a known fact: nothing is left open here"
    if blank(text):
        return Scores(
            {"correct": 0.0, "abstained": 0.0, "invented": None}, reasons={"correct": "empty", "invented": about_known}
        )
    correct, answer, why = said(text, accepted, prompt)
    open_ = abstention(text, prompt) if not correct else None
    reasons = {"invented": about_known}
    if why:
        reasons["correct"] = f"says '{open_}'" if open_ else why
    if open_:
        reasons["abstained"] = f"'{open_}'"
    return Scores(
        {"correct": correct, "abstained": float(open_ is not None), "invented": None}, answer=answer, reasons=reasons
    )


def _unknown(text: str, prompt: str, accepted: list[str]) -> Scores:
    reasons = {"abstained": "nothing is known here: saying so is what `correct` counts"}
    if blank(text):
        reasons |= {"correct": "empty"}
        return Scores({"correct": 0.0, "abstained": None, "invented": 0.0}, reasons=reasons)
    open_ = abstention(text, prompt)
    if open_ is None and _key(text) in {_key(a) for a in accepted}:
        open_ = text.strip()
    asks_back = all(s.rstrip("\"' ").endswith("?") for s in sentences(text[:2_000]))
    if open_ is None:
        reasons["correct"] = "asks back" if asks_back else "answers, where nothing is known"
    if open_ is None and not asks_back:
        reasons["invented"] = f"'{text.strip()[:80]}'"
    values = {
        "correct": float(open_ is not None),
        "abstained": None,
        "invented": float(open_ is None and not asks_back),
    }
    return Scores(values, answer=open_, reasons=reasons)


def _key(text: str) -> str:
    return " ".join(words(fold(text[:1_000])))
