"""Dates as YYYY-MM-DD: the form and the content, apart."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from fteval.errors import UserError
from fteval.evals.data.packaged import packaged
from fteval.evals.find import dates
from fteval.evals.language.text import blank, shown
from fteval.records import Generation, Metric, Sample, Scores

_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class IsoDate:
    """Whether a date is answered in ISO 8601's form, and is the right day.

    Measures  iso: the whole answer is one real date YYYY-MM-DD; contains_iso: one stands in it; correct: it names the
              right day, in any writing; correct_iso: both
    Chance    0
    Traps     03/04/2021 is two days: `correct` is unscored
    Source    ISO 8601-1:2019; letters, invoices and records written for fteval
    """

    version: ClassVar[int] = 1
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("correct_iso", primary=True),
        Metric("iso"),
        Metric("contains_iso"),
        Metric("correct"),
    )

    def samples(self) -> Iterator[Sample]:
        return packaged("iso_date.jsonl")

    def score(self, sample: Sample, generation: Generation) -> Scores:
        wanted = dates.iso_day(sample.target) if isinstance(sample.target, str) else None
        if wanted is None:
            raise UserError(
                f"row {sample.id!r} needs a 'target' that is a calendar date YYYY-MM-DD, found {sample.target!r}",
                fix="give each row of an iso_date hold-out its right date",
            )
        text = shown(generation.text)
        if blank(text):
            names = [m.name for m in self.metrics]
            return Scores(dict.fromkeys(names, 0.0), reasons=dict.fromkeys(names, "the answer is empty"))
        bare = text.strip().strip(_BYTE_ORDER_MARK).strip()
        found = [] if (whole := dates.iso_day(bare)) else dates.find(text)
        reasons: dict[str, str] = {}
        if whole is None:
            reasons["iso"] = "the answer is not one YYYY-MM-DD" + (" of the calendar" if dates.iso_form(bare) else "")
        contains = whole is not None or dates.holds_iso(text)
        if not contains:
            reasons["contains_iso"] = "no real date YYYY-MM-DD in the answer"
        correct, why = dates.is_day(text, wanted) if whole is None else _same(whole, wanted)
        if why:
            reasons["correct"] = why
        right = 1.0 if whole is not None and correct else 0.0
        if not right:
            reasons["correct_iso"] = reasons.get("iso") or why
        return Scores(
            {
                "correct_iso": right,
                "iso": float(whole is not None),
                "contains_iso": float(contains),
                "correct": correct,
            },
            answer=whole.isoformat() if whole else ", ".join(f.text for f in found[:5]) or None,
            reasons=reasons,
        )


def _same(day: datetime.date, wanted: datetime.date) -> tuple[float, str]:
    return (1.0, "") if day == wanted else (0.0, f"{day.isoformat()}, wanted {wanted.isoformat()}")
