"""Punctuation and capitals restored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from fteval.errors import UserError
from fteval.evals.data.packaged import packaged
from fteval.evals.language.marks import F1, Marked, compared, marked, restored_part, same_writing
from fteval.evals.language.text import blank, shown
from fteval.records import Generation, Metric, Sample, Scores


@dataclass(frozen=True, slots=True)
class Punctuation:
    """Whether marks and capitals are restored, and no word was touched.

    Measures  exact: the original, typographic forms aside; words_kept: the same words in order; mark_f1: F1 of marks,
              each after the right word; case_f1: F1 of words with capitals
    Chance    0 for exact
    Traps     a comma that may go counts as in the original
    Source    texts of fteval's own
    """

    version: ClassVar[int] = 1
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("exact", primary=True),
        Metric("words_kept"),
        Metric("mark_f1"),
        Metric("case_f1"),
    )

    def samples(self) -> Iterator[Sample]:
        return packaged("punctuation.jsonl")

    def score(self, sample: Sample, generation: Generation) -> Scores:
        target = shown(sample.target) if isinstance(sample.target, str) else ""
        original = marked(target) if target else None
        if original is None or not original.keys:
            raise UserError(
                f"row {sample.id!r} needs a 'target' that is the original text, found {sample.target!r}",
                fix="give each row of a punctuation hold-out its text as it was before marks and capitals were dropped",
            )
        text = shown(generation.text)
        if blank(text):
            names = [m.name for m in self.metrics]
            return Scores(dict.fromkeys(names, 0.0), reasons=dict.fromkeys(names, "the answer is empty"))
        # Past this many characters the words cannot be the same; the marks of what comes before still tell something.
        most = 4 * len(target) + 2_000
        part, around = restored_part(text.strip()[:most], target, original.keys)
        found = marked(part)
        marks, capitals = compared(found, original)
        reasons: dict[str, str] = {}
        if found.keys != original.keys:
            reasons["words_kept"] = _changed(found, original)
        if marks.value < 1:
            reasons["mark_f1"] = marks.text
        if capitals.value < 1:
            reasons["case_f1"] = capitals.text
        if len(" ".join(text.split())) > most or not same_writing(text, target):
            reasons["exact"] = _why_not(reasons, around)
        return Scores(
            {
                "exact": float("exact" not in reasons),
                "words_kept": float("words_kept" not in reasons),
                "mark_f1": marks.value,
                "case_f1": capitals.value,
            },
            answer=_report(marks, capitals),
            reasons=reasons,
        )


def _report(marks: F1, capitals: F1) -> str:
    return f"{marks.text or 'no marks'}; capitals {capitals.text}"


def _why_not(reasons: dict[str, str], around: str) -> str:
    if "words_kept" in reasons:
        return f"words changed: {reasons['words_kept']}"
    other = [name for name, metric in (("marks", "mark_f1"), ("capitals", "case_f1")) if metric in reasons]
    if other:
        return f"other {' and '.join(other)}"
    return f"the right text, with {around} round it" if around else "white space or marks in other places"


def _changed(found: Marked, original: Marked) -> str:
    """The first word that is not as it was."""
    for number, (now, was) in enumerate(zip(found.keys, original.keys, strict=False), start=1):
        if now != was:
            return f"word {number} is {now[:40]!r}, was {was[:40]!r}"
    return f"{len(found.keys)} words, the original has {len(original.keys)}"
