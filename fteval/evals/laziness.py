"""Answers that are too short, refused, empty or cut off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from fteval.errors import UserError
from fteval.evals.answer.check import asked, why_not
from fteval.evals.answer.filler import lectures, substance
from fteval.evals.answer.refusal import refusal, unread
from fteval.evals.data.packaged import packaged
from fteval.evals.language.text import blank, shown, words
from fteval.records import Generation, Metric, Sample, Scores
from fteval.records.readings import Reading

_TOLD = re.compile(r"\b(?:at least|no fewer than|minimum of) (\d{1,3}(?:,\d{3})|\d{1,5})[ -]words?\b", re.IGNORECASE)
"""A prompt that says how long: half of that is an effort, whatever else it is."""


@dataclass(frozen=True, slots=True)
class Laziness:
    """Whether the answer makes an effort: long enough, and not declined.

    Measures  long_enough: min_words of real text, no refusal, lecture, announcement or question back; words: by
              Unicode's boundaries; refused: declines in its own voice; empty: nothing to see; truncated: stopped by the
              length limit
    Chance    none
    Traps     long is not good: read relevance beside it
    Source    tasks written for fteval
    """

    min_words: int = 5
    """Words that an answer needs where neither its row (`min_words`) nor its prompt ("at least 800 words") says."""

    version: ClassVar[int] = 3
    asks_reference: ClassVar[bool] = True
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("long_enough", primary=True),
        Metric("words", unit="words"),
        Metric("refused", better="lower"),
        Metric("empty", better="lower"),
        Metric("truncated", better="lower"),
    )

    def __post_init__(self) -> None:
        if isinstance(self.min_words, bool) or not isinstance(self.min_words, int) or self.min_words < 1:
            raise UserError(f"laziness: min_words must be a whole number of at least 1, found {self.min_words!r}")

    def samples(self) -> Iterator[Sample]:
        return packaged("tasks.jsonl")

    def score(self, sample: Sample, generation: Generation) -> Scores:
        text, prompt = shown(generation.text), sample.prompt_text
        empty = blank(text)
        n_words = 0 if empty else len(words(text))
        declined = None if empty else refusal(text, prompt)
        open_ = None if empty or declined else unread(text, prompt)
        truncated = generation.finish_reason in ("length", "max_tokens")
        short, more_would_do = self._too_short(text, sample, n_words, declined, generation.reading)
        cut = truncated and more_would_do  # how many words there are was the limit's doing
        reasons = {
            "empty": ("nothing but reasoning" if (generation.text or "").strip() else "nothing was answered") * empty,
            "refused": f"'{declined[:80]}'" if declined else open_,
            "long_enough": f"cut off by the limit at {short}" if cut else short,
            "truncated": None
            if generation.finish_reason
            else "it is not known why the answer ended (no finish_reason)",
        }
        values = {
            "long_enough": None if cut else float(not short),
            "words": float(n_words),
            "refused": None if open_ else float(declined is not None),
            "empty": float(empty),
            "truncated": float(truncated) if generation.finish_reason else None,
        }
        return Scores(values, reasons={metric: reason for metric, reason in reasons.items() if reason})

    def _too_short(
        self, text: str, sample: Sample, n_words: int, declined: str | None, reading: Reading | None
    ) -> tuple[str | None, bool]:
        """Why it is not long enough, and whether more words would have mended that."""
        needed = self._needed(sample)
        if blank(text):
            return "empty", False
        if declined:
            return f"a refusal: '{declined[:60]}'", False
        if n_words < needed:
            return f"{n_words} of {needed} words", True
        if lectures(text):
            return "tells how one should behave", False
        n_real = 0
        for sentence in substance(text, sample.prompt_text):
            n_real += len(words(sentence))
            if n_real >= needed:
                return why_not(text, asked(sample), fewest=1, whole=False, reading=reading), False
        return f"{n_real} of {needed} words, announcements and what is said again not counted", True

    def _needed(self, sample: Sample) -> int:
        own = sample.metadata.get("min_words", self.min_words)
        if isinstance(own, bool) or not isinstance(own, int) or own < 1:
            raise UserError(f"row {sample.id!r}: 'min_words' must be a whole number of at least 1, found {own!r}")
        told = _TOLD.search(sample.prompt_text) if "min_words" not in sample.metadata else None
        return max(own, int(told[1].replace(",", "")) // 2) if told else own
